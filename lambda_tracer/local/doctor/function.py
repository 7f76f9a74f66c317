"""A function as a template describes it, whichever notation the template is in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lambda_tracer.local.template.setting import Setting

OUR_WRAPPER = "/opt/lambda-tracer"
OUR_HANDLER = "lambda_tracer.auto.handler"


DEFAULT_TIMEOUT_S = "3"
"""Lambda's, where a template says nothing."""


@dataclass
class Function:
    """What is known of one function. A setting that is not there is None, or missing from `variables`.

    `kind` is the notation. `folder` has the code, None where the template does not say so. `may_send` is whether its
    role may send traces: None where that can't be told. `brings_itself` says that something else than the folder's
    requirements may bring modules: a layer, an image.
    """

    name: str
    kind: str
    file: Path | None = None
    line: int = 0
    folder: Path | None = None
    handler: Setting | None = None
    runtime: Setting | None = None
    timeout: Setting | None = None
    tracing: Setting | None = None
    architecture: Setting | None = None
    log_format: Setting | None = None
    log_level: Setting | None = None
    """From which level on lines of the function's own get into its log, where the format is JSON."""
    variables: dict[str, Setting] = field(default_factory=dict)
    layers: list[Setting] = field(default_factory=list)
    layer_folders: list[Path] = field(default_factory=list)
    wrong_layers: list[Setting] = field(default_factory=list)
    """Layers of the same template that do not declare the function's runtime or processor: what is said of each."""
    is_image: bool = False
    may_send: bool | None = None

    def text(self, variable: str) -> str:
        """An environment variable's value; empty where it is not set, or not known."""
        setting = self.variables.get(variable)
        return (setting.text or "") if setting is not None else ""

    def is_true(self, variable: str) -> bool:
        """Whether a variable is one of the words for true."""
        return self.text(variable).strip().lower() in ("1", "y", "yes", "t", "true", "on")

    @property
    def has_wrapper(self) -> bool:
        """Whether our exec wrapper or our own handler traces it, whatever its code does."""
        return self.text("AWS_LAMBDA_EXEC_WRAPPER") == OUR_WRAPPER or (
            self.handler is not None and self.handler.text == OUR_HANDLER
        )

    @property
    def own_handler(self) -> str:
        """The handler in the function's own code; empty where it is not known."""
        text = (self.handler.text or "") if self.handler is not None else ""
        return self.text("LAMBDA_TRACER_HANDLER") if text == OUR_HANDLER else text

    @property
    def is_python(self) -> bool:
        """Whether it may be a Python function."""
        return self.runtime is None or self.runtime.text is None or self.runtime.text.startswith("python")
