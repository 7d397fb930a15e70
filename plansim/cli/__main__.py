"""`python -m plansim.cli` is `plansim`."""

import sys

from plansim.cli import main

sys.exit(main())
