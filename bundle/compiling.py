"""Compiles sources for the Python that runs this: requests on standard input, answers on standard output.

Run by each Python that a release is made for, wherever that stands; it imports nothing of the project. Requests and
answers are marshalled, in the form that all of them read.

The first request is a list of (module, path, its source, whether it is one of a cold start, what it defines that is
public: names, or None for all). The answer is the texts in the code of a cold start. The second request is the texts of
all Pythons. The answer is the magic number; how the marshalled `(texts, code of a cold start)` begins, and its further
pieces, one a module; and the code of each other module. Equal texts, names and tables are marshalled once, and referred
to.
"""

import ast
import itertools
import marshal
import sys
from importlib.util import MAGIC_NUMBER

FORM = 2  # without references: any Python reads it

Code = type((lambda: None).__code__)


class Same:
    """Makes one object of equal constants, so that marshal refers to the first of them."""

    def __init__(self):
        self.kept = {}

    def __call__(self, value):
        """The same value, of parts that all that has been asked for shares."""
        kind = type(value)
        if kind is str:
            return self.kept.setdefault((str, value), sys.intern(value))
        if kind in (int, float, bytes):
            return self.kept.setdefault((kind, repr(value)), value)
        if kind in (tuple, frozenset):
            value = kind(map(self, value))
            return self.kept.setdefault((kind, *map(id, value)), value)
        if kind is Code:
            names = ["co_consts", "co_names", "co_filename", "co_name", "co_linetable"]
            if sys.version_info >= (3, 11):
                names += ["co_qualname", "co_exceptiontable"]
            else:
                names += ["co_varnames", "co_freevars", "co_cellvars"]
            value = in_runs(value)
            return value.replace(**{name: self(getattr(value, name)) for name in names})
        return value


def in_runs(code):
    """The same code with its table of lines as short as it can be.

    From Python 3.11 on the compiler makes an entry wherever a line or a column changes. Without columns, most entries
    repeat their line. The form is that of CPython's `InternalDocs/code_objects.md`.
    """
    if sys.version_info < (3, 11):
        return code
    lines = [line for line, *_ in code.co_positions()]  # of each code unit
    table = bytearray()
    before = code.co_firstlineno
    for line, units in itertools.groupby(lines):
        left = len(list(units))
        while left:
            length = min(left, 8)
            left -= length
            if line is None:
                table.append(0x80 | 15 << 3 | length - 1)
            else:
                table.append(0x80 | 13 << 3 | length - 1)
                table += bytes(signed(line - before))
                before = line
    shorter = code.replace(co_linetable=bytes(table))
    assert [line for line, *_ in shorter.co_positions()] == lines
    return shorter


def signed(number):
    """A number as six bits a byte, the lowest first; the first of them is its sign."""
    number = -number << 1 | 1 if number < 0 else number << 1
    while number >= 0x40:
        yield 0x40 | number & 0x3F
        number >>= 6
    yield number


class WithoutWords(ast.NodeTransformer):
    """Leaves out what only those ask for who have the source before them.

    That is what stands where `TYPE_CHECKING` is False, the annotations of a module's variables, and the documentation
    and annotations of functions and classes that are not public: by their names, or as they are within a function or
    within another that is not. What is left is what `inspect` and `help` show of public names.
    """

    def __init__(self, public):
        self.public = (
            public  # what is so where we are: these names, or with None all but those with an underscore
        )
        self.keeps_variables = False

    def visit(self, node):
        """Anything. There is no statement in an expression, and expressions are most of what there is."""
        return node if isinstance(node, (ast.expr, ast.expr_context)) else super().visit(node)

    def visit_Module(self, node):
        """A whole module."""
        if self.public == []:
            _leave_out_documentation(node)
        self.generic_visit(node)
        return node

    def visit_If(self, node):
        """An `if` statement."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node.orelse or ast.copy_location(ast.Pass(), node)
        return node

    def visit_FunctionDef(self, node):
        """A function."""
        if self._is_private(node):
            _leave_out_documentation(node)
            node.returns = None
            given = node.args
            for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
                if each is not None:
                    each.annotation = None
        return self._inside(node, public=[], keeps_variables=True)  # where they are not even kept

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        """A class."""
        is_private = self._is_private(node)
        if is_private:
            _leave_out_documentation(node)
        return self._inside(node, public=[] if is_private else None, keeps_variables=not is_private)

    def visit_AnnAssign(self, node):
        """A variable with an annotation."""
        if self.keeps_variables:
            return node
        kept = ast.Pass() if node.value is None else ast.Assign([node.target], node.value)
        return ast.copy_location(kept, node)

    def _is_private(self, node):
        if self.public is None:
            return node.name.startswith("_") and not node.name.endswith("__")
        return node.name not in self.public

    def _inside(self, node, *, public, keeps_variables):
        before = self.public, self.keeps_variables
        self.public, self.keeps_variables = public, keeps_variables
        self.generic_visit(node)
        self.public, self.keeps_variables = before
        return node


def _leave_out_documentation(node):
    if ast.get_docstring(node, clean=False) is not None:
        # Where nothing else is, the line is that of what has it, as in a function that has nothing but documentation.
        place = node if isinstance(node, ast.stmt) else node.body[0]
        node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), place)]


def compiled(source, public):
    """The code of a module; whoever loads it says which file it is of."""
    tree = ast.parse(source)
    if any(type(each) is ast.Assign and ast.unparse(each) == "TYPE_CHECKING = False" for each in tree.body):
        tree = WithoutWords(public).visit(tree)
    return compile(tree, "", "exec", dont_inherit=True, optimize=0)


def texts_in(value):
    """All texts in a code, or in what it consists of."""
    if type(value) is str:
        return {value}
    if type(value) in (tuple, frozenset):
        return set().union(*map(texts_in, value))
    if type(value) is not Code:
        return set()
    names = ["co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename", "co_name"]
    return set().union(*(texts_in(getattr(value, name, ())) for name in [*names, "co_qualname"]))


def answer(value):
    """Write an answer."""
    sys.stdout.buffer.write(marshal.dumps(value, FORM))
    sys.stdout.buffer.flush()


def main():
    """Answer both requests."""
    sources = marshal.load(sys.stdin.buffer)
    first = [compiled(source, public) for _, _, source, is_first, public in sources if is_first]
    answer(sorted(set().union(*map(texts_in, first))))
    same = Same()
    texts = same(tuple(marshal.load(sys.stdin.buffer)))
    first = tuple(map(same, first))
    ends = [len(marshal.dumps((texts, first[:count]))) for count in range(len(first) + 1)]
    whole = marshal.dumps((texts, first))
    pieces = [whole[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    # How often something is referred to must not depend on what else the process has.
    others = {
        module: marshal.dumps(marshal.loads(marshal.dumps(compiled(source, public))))
        for module, _, source, is_first, public in sources
        if not is_first
    }
    answer((MAGIC_NUMBER, pieces, others))


main()
