"""Entry point of ``mmtool`` and of ``python -m mmtool``."""

from mmtool.cli.interrupts import listen


def main() -> None:
    """Run the command line; the commands are imported after Ctrl-C is handled."""
    listen()
    from mmtool.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
