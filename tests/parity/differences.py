"""Where we mean to differ from Powertools' Tracer on the X-Ray SDK: every such place, and why.

A scenario names the entries that it shows. The comparison takes a differing value as explained when an
entry that the scenario names says so; whatever is left over fails, and so does an entry that the scenario
names but does not show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.parity.normal import ABSENT, Leaf


class Difference(NamedTuple):
    """`what` differs, the `reason` why we want it so, and whether a differing value `is_shown_by` it."""

    what: str
    reason: str
    is_shown_by: Callable[[Leaf], bool]


def _is_note(leaf: Leaf) -> bool:
    return leaf.path[0] == "notes"


def _is_only_ours(leaf: Leaf) -> bool:
    """A subsegment, or a field of one, that only we send."""
    return leaf.path[0] == "subsegments" and leaf.theirs == ABSENT


def _is_only_theirs(leaf: Leaf) -> bool:
    """A subsegment, or a field of one, that only they send."""
    return leaf.path[0] == "subsegments" and leaf.ours == ABSENT


def _is_whole(leaf: Leaf) -> bool:
    return leaf.path[0] == "subsegments" and len(leaf.path) == 2


def _is_raise_of_theirs(leaf: Leaf) -> bool:
    """`attempt` noted an exception there, and a result here."""
    raised = leaf.path[-1] == "raised" and leaf.ours == ABSENT
    return _is_note(leaf) and (raised or (leaf.path[-1] == "returned" and leaf.theirs == ABSENT))


def _is_response(leaf: Leaf) -> bool:
    return any(part.endswith(" response") for part in leaf.path)


def _is_without_their_own_frames(leaf: Leaf) -> bool:
    if leaf.path[-1] != "stack" or not isinstance(leaf.theirs, list) or not isinstance(leaf.ours, list):
        return False
    rest = iter(leaf.ours)
    kept = [frame for frame in leaf.theirs if frame["path"] != "tracer.py"]
    return len(kept) < len(leaf.theirs) and all(frame in rest for frame in kept)


def _is_tail_of_their_stack(leaf: Leaf) -> bool:
    return leaf.path[-1] == "stack" and leaf.theirs[-len(leaf.ours) :] == leaf.ours


def _is_longer_outwards(leaf: Leaf) -> bool:
    """Our stack is theirs, and what called that."""
    return (
        leaf.path[-1] == "stack"
        and len(leaf.theirs) < len(leaf.ours)
        and leaf.ours[-len(leaf.theirs) :] == leaf.theirs
    )


def _keeps_the_raise(leaf: Leaf) -> bool:
    if leaf.path[-1] == "truncated":
        return bool(leaf.theirs == ABSENT and leaf.ours > 0)
    return leaf.path[-1] == "stack" and leaf.theirs[-1]["line"] != leaf.ours[-1]["line"]


def _is_accepted_text(leaf: Leaf) -> bool:
    """A text that they send as it is, and we as the format allows it."""
    return (
        leaf.path[0] == "subsegments"
        and isinstance(leaf.ours, str)
        and leaf.ours != ABSENT
        and (leaf.theirs == ABSENT or len(leaf.ours) < len(leaf.theirs))
    )


def _is_chain(leaf: Leaf) -> bool:
    if leaf.path[-1] == "cause":
        return leaf.path[-3:-1] == ("exceptions", "0") and leaf.theirs == ABSENT
    if leaf.path[-1] != "exceptions":
        return False
    theirs = leaf.theirs[0]
    first = {key: value for key, value in leaf.ours[0].items() if key != "cause"}
    outwards = Leaf(("stack",), theirs["stack"], first["stack"])
    if _is_longer_outwards(outwards):
        first["stack"] = theirs["stack"]
    return [first] == leaf.theirs and len(leaf.ours) > 1


def _either(*predicates: Callable[[Leaf], bool]) -> Callable[[Leaf], bool]:
    return lambda leaf: any(predicate(leaf) for predicate in predicates)


EVERYWHERE = {
    "packing": Difference(
        "finished subsegments travel inside their parents; there each is a datagram of its own",
        "a trace that arrives in few documents may be five times as large, and a burst of small datagrams overruns the "
        "daemon's buffer",
        lambda leaf: leaf.path == ("datagrams",),
    ),
}
"""Differences that show in every scenario, hence named by none."""


DIFFERENCES: dict[str, Difference] = {
    # --- Settings --------------------------------------------------------------------------------------------
    "disabled-can-be-undone": Difference(
        "Tracer(disabled=False) after a disabled one is enabled",
        "there one disabled instance disables all later ones for good, whatever they are told",
        _either(lambda leaf: leaf.path == ("notes", "disabled") and leaf.ours is False, _is_only_ours),
    ),
    "reset-undoes-the-switch": Difference(
        "resetting the shared configuration turns recording on again",
        "there a Tracer made afterwards says that it is enabled and never sends anything",
        _is_only_ours,
    ),
    "forgiving-flags": Difference(
        "a true-or-false variable may be empty (unset) and have space around its word",
        "templates often set a variable to nothing; there the import of the function fails with a ValueError",
        _either(
            lambda leaf: _is_note(leaf) and leaf.path[1] in ("''", "' true'") and leaf.theirs == "ValueError",
            lambda leaf: _is_whole(leaf) and _is_only_ours(leaf),
        ),
    ),
    "misspelt-libraries-are-refused-everywhere": Difference(
        "a library that nobody knows is refused by a tracer that is disabled, too",
        "there unit tests accept it, and the function fails to start in Lambda",
        lambda leaf: (
            _is_note(leaf) and ("ValueError: cannot patch" in str(leaf.ours) or leaf.path[1] == "patch")
        ),
    ),
    "settings-without-effect": Difference(
        "sampler, context and streaming are None until they are set",
        "Lambda decides what is sampled, and the recorder has no such parts: a value would pretend",
        lambda leaf: (
            _is_note(leaf) and leaf.path[1] in ("sampler", "context", "streaming") and leaf.ours is None
        ),
    ),
    "stream-sql-stays-off": Difference(
        "configure() leaves stream_sql alone unless it is named",
        "there its default is True: every configure call, and every new Tracer, turns SQL text on again for those who "
        "turned it off",
        lambda leaf: leaf == Leaf(("notes", "stream_sql"), True, False),
    ),
    "nothing-is-lost-to-a-threshold": Difference(
        "streaming_threshold has no effect",
        "there a threshold above 0 keeps finished subsegments back for a segment that is never sent, and loses them",
        lambda leaf: _is_whole(leaf) and _is_only_ours(leaf),
    ),
    "addresses-are-read-leniently": Difference(
        "further forms of the daemon's address are understood, and a port that cannot exist is refused",
        "`udp:` alone, space and IPv6 are unambiguous; there a slip stops the function's import, while port "
        "70000 passes and loses every document",
        lambda leaf: _is_note(leaf) and "InvalidDaemonAddressException" in (leaf.theirs, leaf.ours),
    ),
    "unreadable-addresses-stop-nothing": Difference(
        "an unreadable AWS_XRAY_DAEMON_ADDRESS is reported in the log and nothing is sent",
        "tracing must not stop a function; there the import fails",
        _is_note,
    ),
    # --- Never in the way of the application -----------------------------------------------------------------
    "nothing-raises-into-the-application": Difference(
        "misuse is reported in the log and has no further effect",
        "a slip in tracing must not fail an invocation: writing to the segment with nothing open, a name that "
        "is no text, a value that cannot be printed or read, a processor that breaks",
        _either(_is_raise_of_theirs, _is_only_ours),
    ),
    "closed-is-closed": Difference(
        "writing to a subsegment that has ended is ignored and logged",
        "there it raises AlreadyEndedException into the application, typically from concurrent code",
        _is_raise_of_theirs,
    ),
    "exceptions-are-not-written-on": Difference(
        "the application's exception leaves as it came, and its subsegment is sent",
        "there two attributes are set on each exception; one that refuses them is replaced by an AttributeError",
        _either(lambda leaf: leaf.path == ("notes", "call", "raised"), _is_only_ours),
    ),
    "streams-are-never-read": Difference(
        "iterators, generators, files and streams are named, and left to the caller as they are",
        "there they are read to the end for the trace, and the caller gets them empty, in sampled invocations only",
        _either(lambda leaf: leaf.path[:2] == ("notes", "left to the caller"), _is_response),
    ),
    "containers-are-not-iterated": Difference(
        "objects of the application's own show their attributes even if they can be iterated",
        "iterating runs the application's code: a collection that loads pages on demand would load them all",
        _is_response,
    ),
    "generators-are-left-alone": Difference(
        "a handler that is a generator gives its caller what it yields, and no list of it is recorded",
        "there the items are consumed for the trace",
        _either(_is_note, lambda leaf: leaf.path[-1] == "metadata"),
    ),
    "handler-takes-any-arguments": Difference(
        "the decorated handler takes whatever arguments the handler itself takes",
        "there it takes exactly (event, context, **kwargs), so that handlers of another form break when decorated",
        _either(_is_note, _is_only_ours),
    ),
    # --- What is decorated -----------------------------------------------------------------------------------
    "coroutine-handlers-run": Difference(
        "a coroutine function as handler runs to its end, and its result is recorded",
        "there the subsegment closes before the coroutine starts and the text of a coroutine object is the response; "
        "Lambda cannot call such a handler at all",
        _either(_is_note, lambda leaf: _is_response(leaf) and leaf.ours == "awaited"),
    ),
    "more-kinds-of-callable": Difference(
        "classmethod objects, functools.partial and callable objects can be decorated",
        "there decorating fails, or the decorated method cannot be called",
        _either(_is_raise_of_theirs, _is_only_ours, _is_only_theirs),
    ),
    "asynchronous-generators": Difference(
        "asynchronous generators and asynchronous context managers are recorded from their start to their end",
        "there the subsegment covers only the making of the object, whose text becomes the response",
        lambda leaf: leaf.path[0] == "subsegments" and leaf.path[2] in ("annotations", "metadata"),
    ),
    "wrapped-generators-stay-generators": Difference(
        "a generator function under another well-behaved decorator stays an iterator",
        "there it is mistaken for a context manager, and iterating over it is a TypeError",
        _either(_is_raise_of_theirs, _is_only_ours),
    ),
    "generator-consumers-are-outside": Difference(
        "what the consumer of a generator does between two items is not filed under the generator",
        "it is the consumer's work: two generators read in turn would otherwise be each other's children",
        lambda leaf: leaf.path[-1] == "parent_id",
    ),
    "captures-cover-the-whole-call": Difference(
        "a capture on a coroutine or generator function lasts until that has ended",
        "there it times the making of the object, and what runs inside is filed beside it",
        lambda leaf: leaf.path[-1] == "parent_id",
    ),
    "closing-a-generator-is-no-fault": Difference(
        "a generator that its consumer closes early is no fault",
        "there GeneratorExit, an ordinary end, is recorded as an exception",
        lambda leaf: _is_only_theirs(leaf) and leaf.path[2:] in (("fault",), ("cause",)),
    ),
    "names-are-optional": Difference(
        "a with block without a name is a subsegment `unnamed`",
        "there it is a TypeError in the application",
        _either(_is_note, _is_only_ours),
    ),
    "namespace-of-a-decorator": Difference(
        "a namespace given to a decorator is used",
        "there it is accepted and ignored",
        lambda leaf: leaf.path[-1] == "namespace",
    ),
    # --- Exceptions ------------------------------------------------------------------------------------------
    "error-metadata": Difference(
        "exceptions in metadata show type and message",
        "there an exception is shown by its public attributes, of which ordinary ones have none: `{}`",
        lambda leaf: (
            leaf.theirs == ABSENT and leaf.path[-1] in ("type", "message") and "metadata" in leaf.path
        ),
    ),
    "stack-of-a-decorator": Difference(
        "no frames of the tracer's own in a stack, and all of the application's",
        "there each decorated call adds a frame of the decorator, and that of a decorated context manager is missing",
        _is_without_their_own_frames,
    ),
    "stack-of-a-capture": Difference(
        "a stack begins where the subsegment does",
        "there it begins at the outermost frame of the process: the runtime's use up the ten that are kept",
        _is_tail_of_their_stack,
    ),
    "stack-to-the-handler": Difference(
        "a stack runs from the handler to the raise, wherever the exception is caught",
        "there it begins where the subsegment does: what led to the call has to be guessed",
        _is_longer_outwards,
    ),
    "stack-keeps-the-raise": Difference(
        "a stack that is too deep keeps the frames nearest to the raise, and says how many are left out",
        "there it keeps the outermost ones: the line that raised is the one thing not shown",
        _keeps_the_raise,
    ),
    "exceptions-are-chained": Difference(
        "the exceptions that led to an exception, and the members of a group, are recorded and linked",
        "there only the last one is, and the reason is lost",
        _is_chain,
    ),
    "causes-end-with-the-invocation": Difference(
        "an exception object that is raised again in another invocation is described again",
        "there it refers to a description in another trace",
        lambda leaf: leaf.path[-1] == "cause" and isinstance(leaf.ours, dict),
    ),
    "every-exception-is-a-fault": Difference(
        "SystemExit, a cancelled task or a falsy exception make a captured function a fault",
        "there some are recorded and others not, depending on which form of decorator was used",
        lambda leaf: _is_only_ours(leaf) and leaf.path[2:] in (("fault",), ("cause",)),
    ),
    "message-of-last-resort": Difference(
        "an exception that cannot be printed has its type's name for a message",
        "there it has none",
        lambda leaf: leaf.path[-1] == "message" and leaf.theirs == ABSENT,
    ),
    # --- Values ----------------------------------------------------------------------------------------------
    "bytes-as-text": Difference(
        "bytes are text where they are UTF-8, base64 where not",
        "there they are a list of numbers: unreadable, and five times as large",
        lambda leaf: _is_response(leaf) and isinstance(leaf.ours, str) and isinstance(leaf.theirs, list),
    ),
    "enums-and-subclasses": Difference(
        "enums show their value, subclasses of str and int what they are",
        "there all of these are shown as `{}`",
        lambda leaf: _is_response(leaf) and leaf.theirs == {},
    ),
    "models-as-objects": Difference(
        "pydantic models are objects",
        "there they are lists of pairs, since they can be iterated",
        lambda leaf: _is_response(leaf) and isinstance(leaf.theirs, list) and isinstance(leaf.ours, dict),
    ),
    "slots-as-attributes": Difference(
        "objects with slots show their attributes",
        "there the text of the object with its address is shown",
        lambda leaf: _is_response(leaf) and isinstance(leaf.theirs, str) and isinstance(leaf.ours, dict),
    ),
    "objects-that-hold-nothing": Difference(
        "an object without attributes is its type's name",
        "there it is an empty object, which says less",
        lambda leaf: leaf.theirs == {} and str(leaf.ours).startswith("<"),
    ),
    "lone-surrogates-are-replaced": Difference(
        "half a surrogate pair is U+FFFD",
        "no UTF-8 has it: what reads the document may refuse all of it",
        lambda leaf: isinstance(leaf.ours, str) and leaf.theirs == leaf.ours.replace("\ufffd", "\ud800"),
    ),
    "code-is-named": Difference(
        "functions and classes are shown by their qualified name",
        "there functions are shown as `{}`, and classes as text in another form",
        lambda leaf: _is_response(leaf) and str(leaf.ours).startswith("<tests.parity."),
    ),
    "keys-stay-apart": Difference(
        "of two keys with one text in JSON, a number and its text, both are kept, the second with a stroke",
        "one of the two values would silently be lost",
        lambda leaf: _is_response(leaf) or "keys that look alike in JSON" in leaf.path,
    ),
    "ranges-as-text": Difference(
        "a range is shown as `range(0, 3)`",
        "there all its numbers are written out, however many",
        lambda leaf: _is_response(leaf) and str(leaf.ours).startswith("range("),
    ),
    "no-syntax-trees": Difference(
        "a method `_ast` is not called",
        "it is a private protocol of the library that the X-Ray SDK encodes with",
        lambda leaf: _is_response(leaf) and leaf.theirs == "syntax tree",
    ),
    "json-is-strict": Difference(
        "NaN and the infinities are texts",
        "JSON has no such numbers; X-Ray drops a document that contains them",
        lambda leaf: isinstance(leaf.theirs, float) and leaf.ours == str(leaf.theirs),
    ),
    "no-value-costs-the-document": Difference(
        "values that are too large, too deep or not for JSON are cut, named or converted, and the document arrives",
        "there the whole document is lost, or carries a cycle hundreds of levels deep",
        _either(
            lambda leaf: _is_whole(leaf) and _is_only_ours(leaf),
            lambda leaf: _is_response(leaf) and str(leaf.ours).startswith("<cycle: "),
        ),
    ),
    # --- Documents -------------------------------------------------------------------------------------------
    "limits-of-the-format": Difference(
        "names, annotations and http texts are kept within what X-Ray accepts; of an empty name, `unnamed` is made",
        "X-Ray drops a document that breaks its rules, without telling anybody",
        _either(
            _is_accepted_text,
            lambda leaf: _is_only_theirs(leaf) and leaf.path[2:3] == ("annotations",),
            lambda leaf: leaf.path[1] in ("two lines", "twolines"),
        ),
    ),
    "annotation-keys": Difference(
        "an annotation's key may have dots, and an annotation with another key is kept as metadata",
        "X-Ray takes dots by now; there both are dropped",
        lambda leaf: _is_only_ours(leaf) and leaf.path[2:3] in (("annotations",), ("metadata",)),
    ),
    "members-without-a-value": Difference(
        "members of the aws and sql blocks that are None are left out",
        "X-Ray wants texts there and drops the document",
        lambda leaf: leaf.theirs is None and leaf.ours == ABSENT,
    ),
    "documents-are-spelled-out": Difference(
        "attributes that the application sets on a subsegment are its own",
        "there every attribute of the object is sent at the top level of the document",
        lambda leaf: _is_only_theirs(leaf) and leaf.path[-1] == "own",
    ),
    "times-make-sense": Difference(
        "a subsegment does not end before it started",
        "a wall clock that is set back would otherwise give a negative duration",
        lambda leaf: leaf.path[-1] == "end_time" and leaf.theirs == "before its start",
    ),
    # --- Invocations -----------------------------------------------------------------------------------------
    "what-is-open-is-sent": Difference(
        "a subsegment that nobody ended is sent as in progress, and never takes another one's place",
        "there `end_subsegment` closes whatever was opened last: a forgotten one costs the handler's document, "
        "one end too many fails the invocation",
        _either(
            _is_raise_of_theirs,
            _is_only_ours,
            lambda leaf: (
                leaf.path[-1] in ("parent_id", "in_progress", "end_time") and "forgotten" in leaf.path
            ),
        ),
    ),
    "child-outlives-its-parent": Difference(
        "subsegments that end in any order all arrive",
        "there ending one out of order leaves both unsent",
        lambda leaf: _is_whole(leaf) and _is_only_ours(leaf),
    ),
    "invocations-are-kept-apart": Difference(
        "an invocation is known by its whole header: a retry with the same Root, or one without any, is another",
        "there data of one invocation is filed under the last one's parent, or sent although it is not sampled",
        lambda leaf: leaf.path[0] == "subsegments",
    ),
    "where-nothing-is-recorded": Difference(
        "whatever the reason, the current subsegment is one that does nothing, `is_sampled()` is False, and the "
        "segment says what the header said",
        "code that annotates the current subsegment needs no check for None; there each reason behaves in its own way",
        lambda leaf: (
            _is_note(leaf)
            and (leaf.path[1] in ("current inside", "current outside", "segment") or leaf.ours is False)
        ),
    ),
    "segments-belong-to-lambda": Difference(
        "`begin_segment` gives the segment that Lambda writes",
        "there it gives one that is never sent, with a trace id of its own",
        lambda leaf: _is_note(leaf) and leaf.ours == "<LambdaSegment>",
    ),
    # --- Events ----------------------------------------------------------------------------------------------
    "event-facts": Difference(
        "the handler says what triggered it; of an HTTP request it has method, URL and status, with that one's flags",
        "there a handler that answers 500 looks like any other",
        lambda leaf: (
            _is_only_ours(leaf) and leaf.path[-2:] in (("annotations", "Trigger"), ("annotations", "Source"))
        ),
    ),
    # --- Trace headers ---------------------------------------------------------------------------------------
    "headers-are-read-leniently": Difference(
        "space after a semicolon, a semicolon at the end, a second `=` and items without a value do not spoil a header",
        "there the whole header, or a part of it, is lost, and with it the trace",
        _is_note,
    ),
}
