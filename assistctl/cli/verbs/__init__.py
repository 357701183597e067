"""One module per verb, each with one ``command``; ``assistctl/cli/table.py`` names them."""
