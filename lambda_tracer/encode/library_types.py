"""The known types of libraries: rows, models, addresses, tables, read without their own code.

What they hold is read from the attributes in which their versions keep it. Where one has moved them, its type is named.
"""

from __future__ import annotations

from ..guard import pass_on
from ..safe import type_name
from .attributes import MAX_READ, dict_of, mro_of, namespace_of, slot_of
from .reading import ITEMS, TEXT, VALUE, of_base, own_items, repr_of_base, url_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .attributes import Read


# Rows


def _alchemy_row(value: Any, base: Any) -> Any:
    data = slot_of(type(value), "_data", value)
    try:
        names = slot_of(
            type(slot_of(type(value), "_parent", value)), "_keys", slot_of(type(value), "_parent", value)
        )
        names = list(names)
    except (AttributeError, TypeError) as error:
        pass_on(error)
        names = []
    if type(data) is tuple and len(names) == len(data):
        return zip(names, data, strict=True)
    return enumerate(tuple.__iter__(data))


def _psycopg2_row(value: Any, base: Any) -> Any:
    places = {place: name for name, place in dict.items(slot_of(base, "_index", value))}
    return ((places.get(number, number), item) for number, item in enumerate(list.__iter__(value)))


def _headers(value: Any, base: Any) -> Any:
    pairs = list.__iter__(slot_of(base, "_list", value))
    return ((raw.decode("latin-1"), item) for raw, _, item in pairs)


def _caseless(value: Any, base: Any) -> Any:
    return (pair for pair in dict.values(slot_of(base, "_store", value)))


# Addresses: without the credentials in them


def _yarl(value: Any, base: Any) -> str:
    try:
        parts = [
            slot_of(base, name, value) for name in ("_scheme", "_netloc", "_path", "_query", "_fragment")
        ]
    except AttributeError as error:  # before 1.16
        pass_on(error)
        parts = list(tuple.__iter__(slot_of(base, "_val", value)))
    return url_of(*parts)


def _httpx(value: Any, base: Any) -> str:
    scheme, _, host, port, path, query, fragment = tuple.__iter__(slot_of(base, "_uri_reference", value))
    return url_of(scheme, host if port is None else f"{host}:{port}", path, query, fragment)


def _pydantic_url(value: Any, base: Any) -> str:
    return without_credentials(str(slot_of(base, "_url", value)))


def _pydantic_core_url(value: Any, base: Any) -> str:
    return without_credentials(base.__str__(value))


def without_credentials(url: str) -> str:
    """The text of an address without what stands before an `@` in its host."""
    scheme, mark, rest = url.partition("://")
    hosts, slash, path = rest.partition("/")
    if not mark or "@" not in hosts:
        return url
    return scheme + mark + ",".join(host.rpartition("@")[2] for host in hosts.split(",")) + slash + path


# Models


def _model(value: Any, base: Any) -> Iterator[tuple[str, Any]]:
    fields = _model_fields(mro_of(type(value)))
    read = dict_of(mro_of(type(value)))
    if read is None:
        return
    for name, item in list(dict.items(read(value)))[:MAX_READ]:
        field = fields.get(name)
        field = getattr(field, "field_info", field)  # pydantic 1 keeps it there
        if getattr(field, "exclude", None) is not True and type(name) is str and name[:1] != "_":
            yield name, item
    try:
        further = slot_of(base, "__pydantic_extra__", value)
    except AttributeError as error:
        pass_on(error)
        further = None
    if type(further) is dict:
        yield from dict.items(further)


def _model_fields(bases: tuple[type, ...]) -> dict[str, Any]:
    for base in bases:
        for name in ("__pydantic_fields__", "model_fields", "__fields__"):
            found = namespace_of(base).get(name)
            if type(found) is dict:
                return found
    return {}


def _hidden_in_model(bases: tuple[type, ...]) -> frozenset[str]:
    fields = _model_fields(bases)
    return frozenset(
        name
        for name, field in fields.items()
        if getattr(getattr(field, "field_info", field), "repr", True) is False
    )


def _root(value: Any, base: Any) -> Any:
    return slot_of(base, "root", value)


def _secret(value: Any, base: Any) -> str:
    return "**********"


def _secret_bytes(value: Any, base: Any) -> str:
    return "b'**********'"


# Tables and arrays


def _shape(value: Any, base: Any) -> str:
    for each in mro_of(base):
        descriptor = namespace_of(each).get("shape")
        if descriptor is not None:
            shape = tuple(descriptor.__get__(value, base))
            return f"{type_name(value)[:-1]} {shape}>"
    return type_name(value)


def _array(value: Any, base: Any) -> str:
    shape, kind = (namespace_of(base)[name].__get__(value) for name in ("shape", "dtype"))
    return f"{type_name(value)[:-1]} {shape} {str(kind)[:100]}>"


def _generic(value: Any, base: Any) -> Any:
    item = base.item(value)
    return item if type(item) is not type(value) else str(item)[:100]


def _na(value: Any, base: Any) -> str:
    return "<NA>"


def _nat(value: Any, base: Any) -> str:
    return "NaT"


# bson


def _object_id(value: Any, base: Any) -> str:
    raw: bytes = slot_of(base, "_ObjectId__id", value)
    return raw.hex()


_model.hidden = _hidden_in_model  # type: ignore[attr-defined]

KNOWN: dict[str, tuple[int, Read]] = {
    "<sqlalchemy.engine.row.Row>": (ITEMS, _alchemy_row),
    "<sqlalchemy.engine.row.RowMapping>": (ITEMS, _alchemy_row),
    "<psycopg2.extras.DictRow>": (ITEMS, _psycopg2_row),
    "<asyncpg.protocol.record.Record>": (ITEMS, own_items),
    "<asyncpg.protocol.protocol.Record>": (ITEMS, own_items),
    "<asyncpg.Record>": (ITEMS, own_items),
    "<requests.structures.CaseInsensitiveDict>": (ITEMS, _caseless),
    "<httpx.Headers>": (ITEMS, _headers),
    "<yarl.URL>": (TEXT, _yarl),
    "<yarl._url.URL>": (TEXT, _yarl),
    "<httpx.URL>": (TEXT, _httpx),
    "<httpx._urls.URL>": (TEXT, _httpx),
    "<pydantic.networks._BaseUrl>": (TEXT, _pydantic_url),
    "<pydantic.networks._BaseMultiHostUrl>": (TEXT, _pydantic_url),
    "<pydantic_core._pydantic_core.Url>": (TEXT, _pydantic_core_url),
    "<pydantic_core._pydantic_core.MultiHostUrl>": (TEXT, _pydantic_core_url),
    "<pydantic.main.BaseModel>": (ITEMS, _model),
    "<pydantic.v1.main.BaseModel>": (ITEMS, _model),
    "<pydantic.root_model.RootModel>": (VALUE, _root),
    "<pydantic.types.SecretBytes>": (TEXT, _secret_bytes),
    "<pydantic.types.SecretStr>": (TEXT, _secret),
    "<pydantic.types._SecretBase>": (TEXT, _secret),
    "<pydantic.types.SecretField>": (TEXT, _secret),
    "<pydantic.v1.types.SecretField>": (TEXT, _secret),
    "<bson.objectid.ObjectId>": (TEXT, _object_id),
    "<bson.decimal128.Decimal128>": (TEXT, of_base),
    "<bson.timestamp.Timestamp>": (TEXT, repr_of_base),
    "<numpy.ndarray>": (TEXT, _array),
    "<numpy.generic>": (VALUE, _generic),
    "<numpy.dtype>": (TEXT, lambda value, base: str(value)[:200]),
    "<pandas.core.frame.DataFrame>": (TEXT, _shape),
    "<pandas.core.series.Series>": (TEXT, _shape),
    "<pandas.core.indexes.base.Index>": (TEXT, _shape),
    "<pandas.DataFrame>": (TEXT, _shape),
    "<pandas.Series>": (TEXT, _shape),
    "<pandas.Index>": (TEXT, _shape),
    "<pandas._libs.missing.NAType>": (TEXT, _na),
    "<pandas.api.typing.NAType>": (TEXT, _na),
    "<pandas._libs.tslibs.nattype.NaTType>": (TEXT, _nat),
    "<pandas.api.typing.NaTType>": (TEXT, _nat),
    "<polars.dataframe.frame.DataFrame>": (TEXT, _shape),
    "<polars.series.series.Series>": (TEXT, _shape),
    "<pyarrow.lib.Table>": (TEXT, _shape),
    "<torch.Tensor>": (TEXT, _shape),
}
"""By name; see `known_types`."""
