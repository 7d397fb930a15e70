"""`plansim run`: plays scenarios and leaves their results."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plansim.cli.messages import say

if TYPE_CHECKING:
    from plansim.scenario.result import Result

EPILOG = """\
examples:
  plansim run warehouse.yaml                                  one report in runs/<name>-<seed>
  plansim run *.yaml --seeds 0:100 --jobs 2                   seeds 0 to 99, in two processes
  plansim run depot.yaml --set policy.controller.lookahead=1  another value for this time
  plansim run depot.yaml --resume                             go on with a run that was cut short
  plansim run depot.yaml -q --format json | jq .variants      for a program to read

exit status: 0 expectations met, 1 not met, 2 invalid and nothing was run, 3 an episode crashed or timed out,
130 interrupted with what was done kept.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a scenario, YAML; - reads standard input")
    overrides(parser)
    running(parser)


def overrides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="another value for one key; repeatable"
    )


def running(parser: argparse.ArgumentParser) -> None:
    """What `run` and `evaluate` have in common."""
    from plansim.cli.tables import FORMATS

    parser.add_argument("--seeds", metavar="0:100", help="a range (without its end), one seed, or a list 1,5,9")
    parser.add_argument("--jobs", type=_positive, default=1, metavar="N", help="processes (default 1)")
    parser.add_argument(
        "--batch", type=_positive, default=64, metavar="N", help="worlds side by side in a process (default 64)"
    )
    parser.add_argument("--out", metavar="DIR", help="where the result goes (default runs/<name>-<seed>)")
    left = parser.add_mutually_exclusive_group()
    left.add_argument("--resume", action="store_true", help="go on with a run that was cut short")
    left.add_argument("--fresh", action="store_true", help="throw away what such a run has left")
    parser.add_argument("--video", choices=("gif", "mp4"), help="also an animation of the first recorded episode")
    parser.add_argument("--no-report", action="store_true", help="no report.html and no pictures")
    parser.add_argument("--format", choices=FORMATS, default="table", help="of standard output (default table)")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return int(text)


def command(options: argparse.Namespace) -> int:
    return run_all([Path(file) for file in options.files], options)


def run_all(sources: list[Any], options: argparse.Namespace) -> int:
    """Checks every scenario before the first is run, then runs them one after another."""
    from plansim.cli import BROKEN, MET, NOT_MET
    from plansim.cli.tables import results_text

    seeds = _seeds(options.seeds)
    scenarios = _checked(sources, options.set)
    folders = _folders(scenarios, seeds, options.out)
    results = [_run(scenario, seeds, folder, options) for scenario, folder in zip(scenarios, folders, strict=True)]
    sys.stdout.write(results_text(results, options.format))
    if any(result.broken for result in results):
        return BROKEN
    return MET if all(result.met for result in results) else NOT_MET


def _seeds(text: str | None) -> list[int] | None:
    from plansim.scenario.playing.seeds import parse_seeds

    return None if text is None else parse_seeds(text)


def _checked(sources: list[Any], changes: list[str]) -> list[Any]:
    """Scenarios that can be built; the problems of all of them are said at once."""
    from plansim.scenario.build import build
    from plansim.scenario.load import load
    from plansim.scenario.reading.problems import InvalidScenario

    scenarios, problems = [], []
    for source in sources:
        try:
            scenario = load(source, changes, thorough=True) if isinstance(source, str | Path) else source
            for variant in scenario.variants or ("",):
                build(scenario, variant)
            scenarios.append(scenario)
        except InvalidScenario as error:
            problems += error.problems
    if problems:
        raise InvalidScenario(problems)
    return scenarios


def _folders(scenarios: list[Any], seeds: list[int] | None, out: str | None) -> list[Path]:
    """One folder a scenario; a single one takes --out for itself."""
    from plansim.core.errors import MalformedInput

    names = [f"{scenario.name}-{scenario.seed if seeds is None else seeds[0]}" for scenario in scenarios]
    if out is not None and len(scenarios) == 1:
        return [Path(out)]
    folders = [Path(out or "runs") / name for name in names]
    twice = next((folder for folder in folders if folders.count(folder) > 1), None)
    if twice is not None:
        raise MalformedInput(f"two of these scenarios would write to {twice}; give them different names")
    return folders


def _run(scenario: Any, seeds: list[int] | None, folder: Path, options: argparse.Namespace) -> Result:
    from plansim.cli.progress import progress_for
    from plansim.scenario.run import run

    progress = progress_for(scenario.name, quiet=options.quiet, verbose=options.verbose)
    try:
        result = run(
            scenario,
            seeds,
            jobs=options.jobs,
            batch=options.batch,
            progress=progress,
            folder=folder,
            resume=options.resume,
            fresh=options.fresh,
        )
    finally:
        progress.close()
    _remarks(result, folder)
    pictures(result, folder, options)
    return result


def _remarks(result: Result, folder: Path) -> None:
    for metric in result.metric_names():
        if not any(result.values(metric, variant) for variant in result.variants):
            say.note(f"{result.scenario.name}: no episode reports {metric!r}")
    if result.broken:
        first = result.broken[0]
        say.note(
            f"{result.scenario.name}: {len(result.broken)} crashed or timed out, the first with seed {first.seed}: "
            f"{first.cause}; see {folder / 'crashes'}"
        )


def pictures(result: Result, folder: Path, options: argparse.Namespace) -> None:
    """The report and the animation; the results stay what they are if these fail."""
    if not options.no_report:
        _try("report", folder, lambda: _report(result, folder))
    if options.video:
        _try("animation", folder, lambda: _animation(result, folder / f"animation.{options.video}"))
    if options.no_report:
        say.note(f"results: {folder}{os.sep}")


def _try(what: str, folder: Path, draw: Any) -> None:
    from plansim.core.errors import MissingExtra

    try:
        say.note(f"{what}: {draw()}")
    except MissingExtra as missing:
        say.note(f"results: {folder}{os.sep} (no {what}: {missing})")
    except Exception as error:
        say.error(f"the {what} could not be made ({type(error).__name__}: {error}); the results are in {folder}", error)


def _report(result: Result, folder: Path) -> Path:
    from plansim.viz.report import write_report

    return write_report(result, folder)


def _animation(result: Result, path: Path) -> Path:
    from plansim.viz.animation import write_animation

    write_animation(result, path)
    return path
