"""Compiled operations: a valid GraphQL operation becomes generated functions over documents, on top of graphql-core.

The package knows a graphql-core schema, how each field is read (declarations.py) and a way to fetch documents by key.
It knows no noun of this program and none of its other layers, so it could live on its own; api/compiled.py feeds it.

How one operation runs (operation.py):

1. variables.py checks the variables with functions made from their types;
2. the resolvers of the root fields are called side by side with arguments that arguments.py evaluates;
3. the relations below are fetched level by level, one read for each collection and level (fetching.py);
4. the functions that writing.py generated build the answer from the documents (selections.py decides what they do).

Whatever is not exactly as expected - a wrong type, null where none may be, an exception - is handed over: the caller
runs the operation on graphql-core with the outcomes of the root fields as they were (replay.py), so that nothing is
called twice and every error looks as graphql-core makes it.
"""
