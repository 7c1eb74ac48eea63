import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from task_runtime import PublishCommand, make_handler
from tests.unit.runtime.samples import TOPICS, Queues, event, failure_of, patient, record


@dataclass(frozen=True)
class _Fate:
    """What becomes of one record: so many commands, and perhaps a mistake."""

    commands: int
    mistake: str | None


MISTAKES = ("callback", "return", "topic", "queue", "key")
fates = st.builds(_Fate, st.integers(0, 4), st.none() | st.sampled_from(MISTAKES))


def _record(number: int, fate: _Fate) -> dict[str, object]:
    return record(f"{number}", encoded_key=f"{number}%zz" if fate.mistake == "key" else None)


def _label(number: int, fate: _Fate) -> str:
    return f"{number}%zz (ObjectCreated:Put)" if fate.mistake == "key" else f"{number} (ObjectCreated:Put)"


def _later(number: int) -> list[PublishCommand]:
    return [PublishCommand("orders", f"{number}/late{n}", {}) for n in range(20)]


def _commands(number: int, fate: _Fate) -> object:
    commands = [PublishCommand("orders", f"{number}/{n}", {}) for n in range(fate.commands)]
    match fate.mistake:
        case "callback":
            raise LookupError(f"record {number} is not wanted")
        case "return":
            return {"commands": commands}
        case "topic":
            return [*commands, PublishCommand("nobody", f"{number}/x", {})]
        case "queue":
            return [*commands, PublishCommand("orders", f"{number}/x", "refused"), *_later(number)]
        case _:
            return commands


def _ids_sent(number: int, fate: _Fate) -> list[str]:
    return [f"{number}/{n}" for n in range(fate.commands)] if fate.mistake in (None, "queue") else []


@patient
@given(st.lists(fates, max_size=8))
def test_records_are_kept_apart_and_in_order(all_fates: Sequence[_Fate]) -> None:
    """Whatever mix of records is good and bad, the good ones' commands are sent in order and the bad ones are named.

    In record order, then list order. A record with a command that SQS refuses has sent at least what came before it,
    and at most what else was in that batch; any other bad one has sent nothing.
    """
    queues = Queues(refused="refused")

    async def callback(_name: str, key: str) -> object:
        return _commands(int(key), all_fates[int(key)])

    handler = make_handler(callback, topics=TOPICS, sqs=queues)
    records = [_record(number, fate) for number, fate in enumerate(all_fates)]
    bad = [_label(number, fate) for number, fate in enumerate(all_fates) if fate.mistake]
    if bad:
        assert bad == [failure.record for failure in failure_of(handler, event(*records)).failures]
    else:
        assert handler(event(*records), None) == {"records": len(records), "commands": len(queues.sent)}
    surely = [sent for sent in queues.ids if "late" not in sent]
    assert surely == [sent for number, fate in enumerate(all_fates) for sent in _ids_sent(number, fate)]
    assert all(len(call) <= 10 for call in queues.calls)
    assert not any("late19" in sent for sent in queues.ids)  # twenty more do not fit into one batch


def test_no_command_is_sent_before_all_callbacks_have_ended() -> None:
    """While any callback still runs, nothing has been sent, not even what an earlier record asked for."""
    queues = Queues()
    ended: list[str] = []
    sent_meanwhile: list[int] = []

    async def callback(_name: str, key: str) -> list[PublishCommand]:
        if key == "last":
            for _ in range(100):  # many turns of the loop, in which the others end and could send
                await asyncio.sleep(0)
            assert ended == ["first", "second"]
            sent_meanwhile.append(len(queues.sent))
        ended.append(key)
        return [PublishCommand("orders", key, {})]

    records = [record("first"), record("last"), record("second")]
    make_handler(callback, topics=TOPICS, sqs=queues)(event(*records), None)
    assert sent_meanwhile == [0]
    assert queues.ids == ["first", "last", "second"]


def test_one_bad_command_keeps_its_whole_record_back() -> None:
    """Where the last command of a record has a mistake, none of that record is sent, and the failure says which one."""

    def callback(_name: str, key: str) -> list[PublishCommand]:
        return [PublishCommand("orders", key, {}), PublishCommand("nobody" if key == "bad" else "mails", key, {})]

    queues = Queues()
    failed = failure_of(make_handler(callback, topics=TOPICS, sqs=queues), event(record("bad"), record("good")))
    assert queues.ids == ["good", "good"]
    assert "action 2 of 2, the command for 'nobody', cannot be done, so none was: there is no topic 'nobody'" in str(
        failed
    )


def test_a_refused_command_holds_up_those_after_it() -> None:
    """Where SQS refuses a command, those before it and those of its batch are sent, no later batch is; others go on."""

    def callback(_name: str, key: str) -> list[PublishCommand]:
        return [PublishCommand("orders", f"{key}{n}", "refused" if f"{key}{n}" == "a2" else {}) for n in (1, 2, 3)]

    queues = Queues(refused="refused")
    failed = failure_of(make_handler(callback, topics=TOPICS, sqs=queues), event(record("a"), record("b")))
    assert queues.ids == ["a1", "a3", "b1", "b2", "b3"]  # a3 travelled with a2
    assert (
        "action 2 of 3, the command for 'orders', was not sent, nor was any batch after it: Refused: not wanted"
        in str(failed)
    )
