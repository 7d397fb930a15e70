"""Every episode of a run: a strip of squares, and a table with failures first."""

from __future__ import annotations

from urllib.parse import urlencode

from plansim.scenario.result import Episode, Key, Result
from plansim.viz.markup import Html, join, number, plural, section, tag, words

MOST_ROWS = 1000


def failed(episode: Episode) -> bool:
    return episode.status != "ok" or bool(episode.cause) or episode.metrics.get("success") == 0


def outcome(episode: Episode) -> str:
    """One phrase for how an episode ended."""
    if episode.status != "ok":
        return f"{episode.status}: {episode.cause}" if episode.cause else episode.status
    return episode.cause or (
        "failed" if failed(episode) else "succeeded" if "success" in episode.metrics else "finished"
    )


def link(variant: str, seed: int) -> str:
    """Where the player shows this episode."""
    return "#" + urlencode({"episode": seed, **({"variant": variant} if variant else {})})


def episodes(result: Result, recorded: set[Key]) -> Html | None:
    """The strip of all episodes, and the table with failures first."""
    if not result.episodes:
        return section("Episodes", "No episode was run.")
    lost = sum(failed(episode) for episode in result.episodes)
    says = (
        f"{plural(lost, 'failure')} in {plural(len(result.episodes), 'episode')}."
        if lost
        else "Every episode ended well."
    )
    order = sorted(range(len(result.episodes)), key=lambda i: (_rank(result.episodes[i]), i))[:MOST_ROWS]
    if len(order) < len(result.episodes):
        says += f" The table shows {len(order)} of them; episodes.csv has all."
    return section("Episodes", says, _strips(result, recorded), _episode_table(result, order, recorded))


def _rank(episode: Episode) -> int:
    return 0 if episode.status != "ok" else 1 if failed(episode) else 2


def _strips(result: Result, recorded: set[Key]) -> Html:
    strips = []
    for variant in result.variants:
        cells = [_square(episode, episode.key in recorded) for episode in result.of(variant)[:MOST_ROWS]]
        title = tag("h3", variant) if variant else None
        strips.append(tag("div", title, tag("div", *cells, class_="strip"), class_="strip-row"))
    shown = [("", "succeeded"), ("lost", "failed"), ("broken", "crashed or timed out"), ("watch", "recorded")]
    key = [tag("span", tag("span", tag("span", class_=name or None), class_="strip"), label) for name, label in shown]
    return join(*strips, tag("div", *key, class_="key", aria_hidden="true"))


def _square(episode: Episode, recorded: bool) -> Html:
    classes = ["broken" if episode.status != "ok" else "lost" if failed(episode) else "", "watch" if recorded else ""]
    says = f"seed {episode.seed}: {outcome(episode)}"
    attributes = {"class_": " ".join(filter(None, classes)) or None, "title": says}
    if recorded:
        return tag("a", href=link(*episode.key), aria_label=f"Watch {says}", **attributes)
    return tag("span", **attributes)


def _episode_table(result: Result, order: list[int], recorded: set[Key]) -> Html:
    names, labelled = result.metric_names(), result.variants not in ((), ("",))
    heads = [("Variant", "")] * labelled + [("Seed", "num"), ("Ended", "")] + [(words(name), "num") for name in names]
    head = [tag("th", tag("button", label, type="button"), scope="col", class_=style or None) for label, style in heads]
    rows = [_episode_row(result.episodes[i], names, labelled, recorded) for i in order]
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows), class_="sortable")
    return tag("div", table, class_="table episodes", tabindex=0, role="region", aria_label="All episodes")


def _episode_row(episode: Episode, names: tuple[str, ...], labelled: bool, recorded: set[Key]) -> Html:
    good = not failed(episode)
    cells = [tag("td", episode.variant)] * labelled
    watch = {"href": link(*episode.key), "class_": "watch-link", "aria_label": f"Watch seed {episode.seed}"}
    seed = tag("a", episode.seed, **watch) if episode.key in recorded else episode.seed
    cells.append(tag("td", seed, class_="num", data_value=episode.seed))
    dot = tag("span", class_=f"dot {'good' if good else 'bad'}")
    cells.append(tag("td", dot, outcome(episode), class_="cause", data_value=f"{_rank(episode)} {outcome(episode)}"))
    for name in names:
        value = episode.metrics.get(name, episode.timing.get(name))
        cells.append(tag("td", number(value), class_="num", data_value="" if value is None else repr(value)))
    return tag("tr", *cells)
