"""`python -m ferdash`: the command line, for those who start it through another program (accelerate launch -m)."""

from ferdash.cli.main import main

main()
