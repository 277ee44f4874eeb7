"""YAML that is data only, and means what it looks like."""

import re
from typing import Any

import yaml

from fairwatt.errors import UserError


def read_yaml(text: str, source: str) -> Any:
    """What a YAML text says. Raises UserError that names the source, and the line where that is known."""
    try:
        return _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError) as error:  # ValueError: what looks like a date and is none
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{source}{where}: not YAML ({getattr(error, 'problem', error)})") from error


class _Loader(yaml.SafeLoader):
    """Safe YAML without two traps of YAML 1.1: 10:40 is text and not 640, and equal keys are an error."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - yaml's own class attribute
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:int"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys differ: of two equal ones YAML would keep the last without a word."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key!r} is there twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9_]*)$"), list("-+0123456789"))
