"""``mmtool``, and ``python -m mmtool``."""

from mmtool.cli.interrupts import listen


def main() -> None:
    """The console script: loads the commands once Ctrl-C is heard."""
    listen()
    from mmtool.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
