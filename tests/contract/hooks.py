"""What the gateway does on purpose and a check of schemathesis takes for a fault, each with its reason."""

import json
import pathlib

import schemathesis

CONTRACTS = pathlib.Path(__file__).parents[2] / "schemas"


def rejections():
    """The codes of all rejections: what is decided depends on what happened before, whatever the request's form."""
    for path in CONTRACTS.glob("*/commands/*.avsc"):
        if path.parts[-3] != "released":
            yield from json.loads(path.read_text())["charter"].get("rejections", {})


# Refusals of a request that the contract's schemas allow, by code. All other codes are those of faults in its form.
BUSINESS = {
    *rejections(),
    # `If-Match` names a sequence; a generator can't know which one an aggregate is at.
    "SEQUENCE_MISMATCH",
    # The same example of `Idempotency-Key` goes with many requests, which is what this code is for.
    "IDEMPOTENCY_KEY_REUSED",
}
# What only the API can give: a text that has the pattern and was made up is refused. Links and `next` use real ones.
OPAQUE = {"header/Consistent-With", "query/at", "query/pageToken"}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The platform has keys, so that `{}`, which is development mode, is no alternative there."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "security" in operation:
                operation["security"] = [one for one in operation["security"] if one]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether it is a fault."""
    if failure.code != "ST202":
        return True
    problem = response.json()
    # It takes the value `"0"` of a header for JSON and sends 0, which the pattern excludes.
    if '"' not in (case.headers or {}).get("If-Match", '"'):
        return False
    if problem["code"] in BUSINESS:
        return False
    errors = {error["pointer"] for error in problem.get("errors", [])}
    return not (problem["code"] == "VALIDATION_FAILED" and errors and errors <= OPAQUE)
