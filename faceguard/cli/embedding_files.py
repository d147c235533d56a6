"""The embeddings that evaluations keep: how many there are, and away with them."""

from __future__ import annotations

from pathlib import Path

import click

from faceguard.cli.context import Context, as_json, json_option
from faceguard.cli.photo_bench import cache_folder
from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.embedding_cache import stored_caches


@click.command()
@click.option("--clear", is_flag=True, help="Delete them.")
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="The folder (else the usual one)."
)
@json_option
@click.pass_obj
def embeddings(context: Context, clear: bool, cache: Path | None, json_: bool) -> None:
    """The embeddings of photos that were evaluated; --clear deletes them.

    They are biometric data. Without them the next evaluation of the same photos takes its full time again.
    """
    folder = cache_folder(context, cache)
    assert folder is not None
    files = stored_caches(folder)
    size = sum(file.stat().st_size for file in files)
    if clear:
        try:
            for file in files:
                file.unlink()
        except OSError as error:
            raise FaceguardError(f"{error.filename} cannot be deleted: {error.strerror}.") from error
    answer = {"folder": str(folder), "files": len(files), "bytes": size, "cleared": clear}
    if json_:
        as_json(answer)
    else:
        done = "deleted" if clear else "kept"
        click.echo(f"{len(files)} files of embeddings, {size / 1e6:.1f} MB, {done} in {folder}.")
