"""A CSV file that arrives becomes one command per row; its removal becomes one command to clean up."""

import asyncio
import csv
import logging

from task_runtime import ObjectEvent, PublishCommand

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


async def handle_event(event_name: str, key: str, event: ObjectEvent) -> list[PublishCommand]:
    """Run once for each file that arrives or goes. What it returns is sent to the queue `imports`, in this order."""
    if not key.endswith(".csv"):
        log.info("%s is no CSV file, nothing to do", key)
        return []

    if event_name.startswith("ObjectRemoved"):
        log.info("%s is gone, its import goes too", key)
        return [PublishCommand("imports", id=key, command={"type": "RemoveImport", "source": key})]

    rows = await asyncio.to_thread(read_rows, event)
    log.info("%s has %d rows", key, len(rows))
    return [
        PublishCommand(
            "imports",
            id=row_id(row, f"{key}#{number}"),
            command={"type": "ImportRow", "source": key, "number": number, "row": row},
        )
        for number, row in enumerate(rows, start=1)
    ]


def read_rows(event: ObjectEvent) -> list[dict[str, str]]:
    """Read the file row by row while it comes in. The first line names the columns; an empty file has no rows."""
    return list(csv.DictReader(event.lines(), restkey="more"))


def row_id(row: dict[str, str], otherwise: str) -> str:
    """Give what stands in the first column. Commands of one id are worked on one after the other."""
    return next(iter(row.values()), "") or otherwise
