"""`python -m schema` prints the schema in SDL; `make schema` writes it to schema.graphql."""

import sys

from schema.root import build_schema

if __name__ == "__main__":
    sys.stdout.write(build_schema().as_str() + "\n")
