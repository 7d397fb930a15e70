"""`python -m plansim` is `plansim`."""

import sys

from plansim.cli import main

if __name__ == "__main__":
    sys.exit(main())
