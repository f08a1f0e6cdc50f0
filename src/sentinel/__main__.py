"""`python -m sentinel`: the command line."""

from sentinel.cli.main import main

if __name__ == "__main__":
    main()
