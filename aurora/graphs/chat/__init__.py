"""The conversation with an operator: a question is answered, checked, perhaps approved and carried out, and told.

`graph` wires it, `sessions` keeps it, `export` gives it to `langgraph dev`.
"""
