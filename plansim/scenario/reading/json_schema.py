"""The JSON Schema (2020-12) of scenario files, from which editors complete and check while one types.

It is made from the same constructors that `check` reads. It knows nothing of files and of what components say of
themselves, so `plansim check` remains the judge.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal, get_args, get_origin

from plansim.core.errors import MalformedInput
from plansim.scenario import registry
from plansim.scenario.reading import environments, hints
from plansim.scenario.reading.defaults import plain_default
from plansim.scenario.reading.parts import head_parameters
from plansim.scenario.reading.signature import Parameter, Signature, signature

_SIMPLE: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    type(None): {"type": "null"},
}
_ADDRESS = {"type": "string", "pattern": "^[\\w.]+:[\\w.]+$", "description": "module:attribute"}


def json_schema() -> dict[str, Any]:
    """Of a scenario file, with every component that is installed."""
    head = {name: _parameter(parameter) for name, parameter in head_parameters().items()}
    head |= {"env": {"$ref": "#/$defs/env"}, "policy": {"$ref": "#/$defs/policy"}}
    head["expect"] = {"type": "object", "additionalProperties": {"type": "string", "pattern": "^\\s*([<>]=?|==)"}}
    head["variants"] = {"type": "object", "additionalProperties": {"type": "object"}}
    kinds = {kind: _kind(kind) for kind in registry.BUILTINS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plansim scenario",
        **_object(head, [name for name, p in head_parameters().items() if p.required]),
        "$defs": {"env": _environments(), **kinds},
    }


def _kind(kind: str) -> dict[str, Any]:
    """A component of a kind: by its bare name, with parameters, or any class that can be imported."""
    choices: list[dict[str, Any]] = []
    bare = []
    for name, target in registry.known(kind).items():
        try:
            schema = signature(registry.load(target))
        except MalformedInput:  # its extra is not installed
            choices.append({"type": "object", "properties": {"name": {"const": name}}, "required": ["name"]})
            continue
        bare += [] if schema.required else [name]
        choices.append(_component(schema, {"name": {"const": name}}, registry.summary(target)))
    other = {"type": "object", "properties": {"name": _ADDRESS}, "required": ["name"]}
    return {"oneOf": [*choices, {"enum": bare}, _ADDRESS, other]}


def _environments() -> dict[str, Any]:
    """An environment that plansim or a plug-in registers, or any other of Gymnasium's."""
    ids = [*environments.registered()]
    choices = []
    for env_id in ids:
        try:
            schema = environments.schema_of(environments.find(env_id))
        except MalformedInput:
            schema = Signature({}, open=True)
        choices.append(_component(schema, {"id": {"const": env_id}}, ""))
    other = {"type": "object", "properties": {"id": {"type": "string", "not": {"enum": ids}}}, "required": ["id"]}
    return {"oneOf": [*choices, other, {"type": "string"}]}


def _component(schema: Signature, key: dict[str, Any], summary: str) -> dict[str, Any]:
    properties = {name: _parameter(parameter) for name, parameter in schema.parameters.items()}
    found = _object(key | properties, [*key, *schema.required], open_=schema.open)
    return found | ({"description": summary} if summary else {})


def _object(properties: dict[str, Any], required: list[str], open_: bool = False) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": open_}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    parts = [_type(part) for part in hints.members(parameter.annotation, parameter.default)]
    unique = [part for i, part in enumerate(parts) if part not in parts[:i]]
    found = unique[0] if len(unique) == 1 else {"anyOf": unique}
    default = {} if parameter.required else plain_default("default", parameter.default)
    return {**found, **default} if "$ref" not in found else found


def _type(annotation: Any) -> dict[str, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    kind = hints.kind(annotation)
    if kind:
        concrete = isinstance(annotation, type) and not getattr(annotation, "_is_protocol", False)
        named = {"$ref": f"#/$defs/{kind}"}
        return {"anyOf": [named, _component(signature(annotation), {}, "")]} if concrete else named
    if origin is Annotated:
        return _constrained(arguments)
    if origin is Literal:
        return {"enum": list(arguments)}
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return {"enum": [member.value for member in annotation]}
    if hints.is_path(annotation):
        return {"type": "string"}
    if hints.is_array(annotation):
        return {"type": ["number", "array"]}
    if hints.is_callable(annotation):
        return _ADDRESS
    if (origin or annotation) in hints.LISTS:
        return _list(origin or annotation, arguments)
    if (origin or annotation) in hints.MAPPINGS:
        return {
            "type": "object",
            "additionalProperties": _parameter(Parameter("", arguments[1])) if arguments else True,
        }
    return dict(_SIMPLE.get(annotation, {}))


def _list(origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    items = [_parameter(Parameter("", argument)) for argument in arguments if argument is not ...]
    if origin is tuple and ... not in arguments and items:
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    return {"type": "array", "items": items[0]} if items else {"type": "array"}


def _constrained(arguments: tuple[Any, ...]) -> dict[str, Any]:
    """A number with bounds, as pydantic describes it."""
    from pydantic import TypeAdapter

    try:
        return TypeAdapter(Annotated[arguments]).json_schema()  # type: ignore[arg-type]
    except Exception:  # pydantic does not know it: the type alone
        return _type(arguments[0])
