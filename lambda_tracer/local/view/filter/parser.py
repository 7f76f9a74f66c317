"""The parser: from tokens to an expression, by recursive descent.

AND binds tighter than OR; terms side by side mean AND.

any  = all { "OR" all }         all = unary { ["AND"] unary }         unary = ["!"] unary | term
term = "(" any ")" | keyword [operator value] | "service" "(" [name] ")" ["{" any "}"]
     | "edge" "(" name "," name ")" ["{" any "}"] | "rootcause." cause "." part ["{" any "}"]
     | "rootcause.json" "=" "#" JSON
name = text | "id" "(" field ":" text { "," field ":" text } ")"
"""

from __future__ import annotations

from lambda_tracer.local.view.filter.expression import (
    All,
    Any,
    Edge,
    Expression,
    Keyword,
    Name,
    Not,
    RootCause,
    RootCauseJSON,
    Service,
    Value,
)
from lambda_tracer.local.view.filter.tokens import (
    END,
    JSON,
    NUMBER,
    TEXT,
    WORD,
    FilterError,
    Token,
    tokens_of,
)

MAX_LEVELS = 50
"""Of brackets in each other."""

BOOLEAN, NUMERIC, TEXTUAL = "true or false", "a number", 'a text, as "text"'

_COMMON = {
    **dict.fromkeys(("ok", "error", "throttle", "fault", "partial"), BOOLEAN),
    **dict.fromkeys(("responsetime", "duration", "http.status"), NUMERIC),
    **dict.fromkeys(("http.url", "http.method", "http.useragent", "http.clientip", "user"), TEXTUAL),
}

TRACE = {**_COMMON, **dict.fromkeys(("availabilityzone", "instance.id", "resource.arn"), TEXTUAL)}
"""The keywords that can be asked of a trace, and what each of them is."""

PART = {**TRACE, "inferred": BOOLEAN, "root": BOOLEAN, "name": TEXTUAL, "type": TEXTUAL}
"""Of a service or an edge."""

_LISTED = {"first": BOOLEAN, "last": BOOLEAN, "index": NUMERIC, "name": TEXTUAL}

CAUSES = {
    "service": {**_LISTED, "type": TEXTUAL, "inferred": BOOLEAN},
    "entity": {**_LISTED, "remote": BOOLEAN, "coverage": NUMERIC},
    "exception": {**_LISTED, "message": TEXTUAL},
}
"""Of what a root cause is made of."""

_OPERATORS = {
    BOOLEAN: ("=", "!="),
    NUMERIC: ("=", "!=", "<", "<=", ">", ">="),
    TEXTUAL: ("=", "!=", "contains", "beginswith", "endswith"),
}
_EVERY_OPERATOR = {operator for operators in _OPERATORS.values() for operator in operators}
_NOT_HERE = {
    "group.name": "there are no groups here: write their expression instead",
    "group.arn": "there are no groups here: write their expression instead",
    "json": "JSON is compared by rootcause.json",
}


def parse(expression: str) -> Expression:
    """The expression that the text stands for; a `FilterError` if there is none."""
    parser = _Parser(tokens_of(expression))
    return parser.whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._level = 0
        self._keywords = TRACE
        self._where = "a trace"

    def whole(self) -> Expression:
        found = self._any()
        token = self._peek()
        if token.kind != END:
            raise FilterError(f"unexpected {token.text}", token.position)
        return found

    def _any(self) -> Expression:
        self._level += 1
        if self._level > MAX_LEVELS:
            raise FilterError(f"more than {MAX_LEVELS} brackets in each other", self._peek().position)
        terms = [self._all()]
        while self._takes_word("or"):
            terms.append(self._all())
        self._level -= 1
        return terms[0] if len(terms) == 1 else Any(tuple(terms))

    def _all(self) -> Expression:
        terms = [self._unary()]
        while self._takes_word("and") or self._begins_term():
            terms.append(self._unary())
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _begins_term(self) -> bool:
        token = self._peek()
        return (token.kind == WORD and token.value != "or") or token.text in ("!", "(")

    def _unary(self) -> Expression:
        count = 0
        while self._takes("!"):
            count += 1
        term = self._term()
        return Not(term) if count % 2 else term

    def _term(self) -> Expression:
        if self._takes("("):
            found = self._any()
            self._expect(")")
            return found
        token = self._take()
        if token.kind != WORD or token.value in ("and", "or"):
            raise FilterError(f"expected a keyword, not {token.text or 'the end'},", token.position)
        word = str(token.value)
        if word in ("service", "edge"):
            return self._service() if word == "service" else self._edge()
        if word == "rootcause.json":
            return self._root_cause_json()
        if word.startswith("rootcause."):
            return self._root_cause(token)
        return self._keyword(token)

    def _service(self) -> Expression:
        self._expect("(")
        name = Name() if self._peek().text == ")" else self._name()
        self._expect(")")
        return Service(name, self._braces(PART, "a service"))

    def _edge(self) -> Expression:
        self._expect("(")
        source = self._name()
        self._expect(",")
        target = self._name()
        self._expect(")")
        return Edge(source, target, self._braces(PART, "an edge"))

    def _name(self) -> Name:
        token = self._take()
        if token.kind == TEXT:
            return Name(str(token.value))
        if token.kind != WORD or token.value != "id":
            raise FilterError(
                f'expected the name of a service, as "name", not {token.text or "the end"},', token.position
            )
        self._expect("(")
        given: dict[str, str] = {}
        while True:
            field = self._take()
            if field.value not in ("name", "type", "account.id"):
                raise FilterError("id() takes name, type and account.id", field.position)
            self._expect(":")
            given[str(field.value)] = str(self._value(TEXTUAL))
            if not self._takes(","):
                break
        self._expect(")")
        return Name(given.get("name"), given.get("type"), given.get("account.id"))

    def _root_cause(self, token: Token) -> Expression:
        _, _, rest = str(token.value).partition(".")
        cause, _, part = rest.partition(".")
        if cause not in ("fault", "error", "responsetime") or part not in CAUSES:
            raise FilterError(
                "expected rootcause.fault, .error or .responsetime with .service, .entity or .exception",
                token.position,
            )
        if cause == "responsetime" and part == "exception":
            raise FilterError("a response time has no exceptions", token.position)
        return RootCause(cause, part, self._braces(CAUSES[part], f"the {part} of a root cause"))

    def _root_cause_json(self) -> Expression:
        self._expect("=")
        token = self._take()
        if token.kind != JSON or not isinstance(token.value, list):
            raise FilterError("expected #[...]", token.position)
        return RootCauseJSON(tuple(token.value))

    def _braces(self, keywords: dict[str, str], where: str) -> Expression | None:
        if not self._takes("{"):
            return None
        outer = self._keywords, self._where
        self._keywords, self._where = keywords, where
        found = self._any()
        self._keywords, self._where = outer
        self._expect("}")
        return found

    def _keyword(self, token: Token) -> Expression:
        word = str(token.value)
        if word == "annotation" or word.startswith("annotation."):
            return self._annotation(token)
        kind = self._keywords.get(word)
        if kind is None:
            raise FilterError(self._unknown(word, token.text), token.position)
        operator = self._operator()
        if operator is None:
            return Keyword(word)
        if operator.value not in _OPERATORS[kind]:
            raise FilterError(f"{word} is {kind}, which {operator.text} does not compare:", operator.position)
        return Keyword(word, "", str(operator.value), self._value(kind))

    def _annotation(self, token: Token) -> Expression:
        if self._keywords is not TRACE:
            raise FilterError(f"annotations are those of a trace, not of {self._where}:", token.position)
        key = token.text.partition(".")[2] or self._key(token)
        operator = self._operator()
        if operator is None:
            return Keyword("annotation", key)
        value_token = self._peek()
        value = self._value(None)
        kind = BOOLEAN if isinstance(value, bool) else TEXTUAL if isinstance(value, str) else NUMERIC
        if operator.value not in _OPERATORS[kind]:
            raise FilterError(f"{operator.text} does not compare with {value_token.text}", operator.position)
        return Keyword("annotation", key, str(operator.value), value)

    def _key(self, token: Token) -> str:
        """That of `annotation[key]`."""
        if not self._takes("["):
            raise FilterError("expected annotation.KEY or annotation[KEY]", token.position)
        key = self._take()
        if key.kind not in (WORD, TEXT, NUMBER):
            raise FilterError("expected the key of an annotation", key.position)
        self._expect("]")
        return str(key.value) if key.kind == TEXT else key.text

    def _unknown(self, word: str, text: str) -> str:
        if word in _NOT_HERE:
            return f"{_NOT_HERE[word]}: {text}"
        if word in PART or any(word in keywords for keywords in CAUSES.values()):
            return f"{text} cannot be asked of {self._where}"
        return f"unknown keyword {text}"

    def _operator(self) -> Token | None:
        if self._peek().kind not in (NUMBER, TEXT) and self._peek().value in _EVERY_OPERATOR:
            return self._take()
        return None

    def _value(self, kind: str | None) -> Value:
        token = self._take()
        if token.kind == TEXT and kind in (TEXTUAL, None):
            return str(token.value)
        if token.kind == NUMBER and kind in (NUMERIC, None):
            return float(str(token.value))
        text = str(token.value).lower()
        if token.kind in (WORD, TEXT) and text in ("true", "false") and kind in (BOOLEAN, None):
            return text == "true"
        expected = kind or f"{TEXTUAL}, {NUMERIC} or {BOOLEAN}"
        raise FilterError(f"expected {expected}, not {token.text or 'the end'},", token.position)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        if token.kind != END:
            self._next += 1
        return token

    def _takes(self, sign: str) -> bool:
        token = self._peek()
        is_it = token.text == sign and token.kind != TEXT
        self._next += is_it
        return is_it

    def _takes_word(self, word: str) -> bool:
        token = self._peek()
        is_it = token.kind == WORD and token.value == word
        self._next += is_it
        return is_it

    def _expect(self, sign: str) -> None:
        token = self._peek()
        if not self._takes(sign):
            raise FilterError(f"expected '{sign}', not {token.text or 'the end'},", token.position)
