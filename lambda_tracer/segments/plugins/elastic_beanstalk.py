"""Of an Elastic Beanstalk environment, a file on its instances says what it is.

https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/environment-configuration-debugging.html
"""

from __future__ import annotations

import json

from ...guard import pass_on, warn_once
from ...xray import MAX_HTTP_TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SERVICE_NAME = "elastic_beanstalk"
ORIGIN = "AWS::ElasticBeanstalk::Environment"
CONF_PATH = "/var/elasticbeanstalk/xray/environment.conf"


def read(path: str = CONF_PATH) -> dict[str, Any]:
    """What the file says: texts and numbers. Empty where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            told = json.loads(file.read(65_536))
        return {
            name: value[:MAX_HTTP_TEXT] if isinstance(value, str) else value
            for name, value in told.items()
            if isinstance(value, (str, int, float))
        }
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        pass_on(error)
        warn_once(
            "plugin elastic_beanstalk",
            "plugin ElasticBeanstalkPlugin: no environment is described here (%s)",
            type(error).__name__,
        )
        return {}
