"""Plain data as YAML that both versions of the language read alike."""

from __future__ import annotations

from typing import Any

from plansim.scenario.reading.yaml_scalars import scalar


def yaml_text(data: Any) -> str:
    """Block style, keys in their order; a text that looks like a number of YAML 1.2 (`1e3`) stands in quotes."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if scalar(text) == text else "'")

    Dumper.add_representer(str, represent)
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
