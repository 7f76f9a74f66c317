"""Undoing what `replace` and `import_hook` did: the very functions that were there, and no import watched.

Others may have put theirs around ours meanwhile. Those stay, and ours inside them then only calls what it replaced.
"""

from __future__ import annotations

import sys
import types

from ..guard import pass_on
from ..wrapping.kinds import CO_COROUTINE
from . import import_hook, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from .protocols import Patches, Replaces

    State: TypeAlias = tuple[bool, Callable[[str, Callable[[], None]], None] | None]


def unpatch(modules: Iterable[str], find: Callable[[], Replaces | Patches], *, may_fail: bool) -> None:
    """Unpatch those of a library's modules that have been imported; `find` gives what has patched them.

    `may_fail`: a module that can't be patched can't be unpatched either, and need not be.
    """
    for name in modules:
        module = sys.modules.get(name)
        if module is None:
            continue
        try:
            patch = find()
            if hasattr(patch, "targets"):
                restore(patch.targets(module))
            else:
                patch.unpatch(module)
        except Exception as error:
            pass_on(error)
            if not may_fail:
                raise


def restore(targets: Iterable[replace.Target]) -> None:
    """Put back what `replace` replaced; what was not replaced, or by somebody else since, is left alone.

    Where somebody else's stands around ours, ours stays inside it and does nothing but call what it replaced.
    """
    for given, name, _ in targets:
        owner = replace.owner_of(given, name)
        attribute = vars(owner).get(name)
        ours = replace.ours_in(owner, name, attribute)
        replace.placed.pop((id(owner), name), None)
        if ours is None:
            continue
        made, original, called = replace.mark_of(ours)
        if made is attribute:
            setattr(owner, name, original)
        else:
            _turn_off(made, called)
            replace.placed[id(owner), name] = owner, made


def _turn_off(made: Any, called: Any) -> None:
    """Have what we made only call what it replaced: what others put around it still calls it, and always will.

    Its code is exchanged: asking at each call whether it is still wanted would cost every call that is.
    """
    function = replace.function_of(made)
    if type(function) is not types.FunctionType or id(function) in replace.off:
        return
    replace.off[id(function)] = function, function.__code__, function.__kwdefaults__
    template: Any = _pass_on_async if function.__code__.co_flags & CO_COROUTINE else _pass_on
    code = template.__code__.replace(
        co_freevars=function.__code__.co_freevars, co_name=function.__code__.co_name
    )
    # In this order, so that a call in between gets through.
    function.__kwdefaults__ = {**(function.__kwdefaults__ or {}), "lambda_tracer_calls": called}
    function.__code__ = code


def _pass_on(*args: Any, lambda_tracer_calls: Any, **kwargs: Any) -> Any:
    return lambda_tracer_calls(*args, **kwargs)


async def _pass_on_async(*args: Any, lambda_tracer_calls: Any, **kwargs: Any) -> Any:
    return await lambda_tracer_calls(*args, **kwargs)


def forget(names: Iterable[str]) -> None:
    """Undo `import_hook.when_imported`."""
    for name in names:
        import_hook.hooks.pop(name, None)
    stop_watching()


def forget_package(name: str) -> None:
    """Undo `import_hook.when_package_imported`."""
    import_hook.packages.pop(name, None)
    stop_watching()


def stop_timing() -> None:
    """Undo `import_hook.run_modules_in`."""
    import_hook.run_modules_in(None)
    stop_watching()


def stop_watching() -> None:
    """Take out of importlib.util what watches its users, once nothing is waited for."""
    util = sys.modules.get(import_hook.UTIL)
    if util is not None and not _is_waiting():  # as a rule libraries are still to be patched
        restore(import_hook.targets(util))


def _is_waiting() -> bool:
    """Whether anybody is to be told of an import that is still to come."""
    hook = import_hook
    return bool(hook.packages or hook.runner or hook.hooks.keys() - {hook.UTIL})


def state() -> State:
    """How we stand in the import system, as `reset` takes it."""
    return import_hook.FINDER in sys.meta_path, import_hook.runner


def reset(state: State) -> None:
    """Stand in the import system as when that was the state. What has been registered since must have been undone."""
    was_installed, around = state
    import_hook.run_modules_in(around)
    stop_watching()
    if not was_installed and not _is_waiting():
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not import_hook.FINDER]
