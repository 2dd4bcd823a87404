"""The command line."""


def main() -> None:
    """The console script."""
    from fogbank.cli.main import app

    app()
