"""The README's code runs as it stands, and its links lead somewhere."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


SAID = ("proven shortest", "[  8. 100.  -8.   0.]", "")  # what each block prints, among other things


@pytest.mark.parametrize(("block", "said"), list(zip(BLOCKS, SAID, strict=True)), ids=range(len(BLOCKS)))
def test_the_code_of_the_readme_runs(block, said, capsys):
    exec(compile(block, "README.md", "exec"), {})
    assert said in capsys.readouterr().out


def test_the_links_of_the_documents_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
