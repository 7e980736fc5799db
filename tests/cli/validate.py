# SPDX-License-Identifier: MIT
"""validate.py SCHEMA FILE: 0 when FILE is JSON of that form; schemas may refer to each other."""
import json
import pathlib
import sys

import jsonschema


def load(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


schema_path = pathlib.Path(sys.argv[1]).resolve()
schema = load(schema_path)
store = {path.as_uri(): load(path) for path in schema_path.parent.glob("*.json")}
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
resolver = jsonschema.RefResolver(schema_path.as_uri(), schema, store=store)
errors = list(validator(schema, resolver=resolver).iter_errors(load(sys.argv[2])))
for error in errors[:10]:
    print("/".join(str(part) for part in error.absolute_path) or "(top)", error.message[:400])
sys.exit(1 if errors else 0)
