from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from task_deployer.later import Later


def test_it_is_made_once_for_all_who_ask() -> None:
    """Nothing is made before somebody asks, and eight who ask at once are given one and the same by its name."""
    made: list[str] = []
    together = Barrier(8)

    def make(name: str) -> object:
        made.append(name)
        return [name]

    def ask() -> object:
        together.wait()
        return later("events")

    later = Later(make)
    assert [] == made
    with ThreadPoolExecutor(8) as pool:
        given = [job.result() for job in [pool.submit(ask) for _ in range(8)]]
    assert ["events"] == made
    assert all(one is given[0] for one in given)
    assert ["kms"] == later("kms")
