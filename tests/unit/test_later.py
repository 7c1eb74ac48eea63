from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from task_deployer.later import Later


def test_it_is_made_once_for_all_who_ask() -> None:
    """Nothing is made before somebody asks, and eight who ask at once are given one and the same."""
    made: list[object] = []
    together = Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask() -> object:
        together.wait()
        return later()

    later = Later(make)
    assert [] == made
    with ThreadPoolExecutor(8) as pool:
        given = [job.result() for job in [pool.submit(ask) for _ in range(8)]]
    assert made * 8 == given
