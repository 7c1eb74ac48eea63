"""Objects that a callback asks to write, remove or copy: checked before the first action of their record, then done."""

from collections.abc import Mapping
from pathlib import Path

from task_runtime.actions import ActionError, CopyObject, DeleteObject, ObjectAction, PutObject
from task_runtime.events import ObjectEvent
from task_runtime.storage import READ, WRITE, Storage

MAX_KEY_BYTES = 1024  # S3 User Guide, "Naming Amazon S3 objects"
MAX_METADATA_BYTES = 2048  # S3 User Guide, "Working with object metadata": keys and values, in US-ASCII


class ObjectError(RuntimeError):
    """S3 did not do what an action asked for. The actions before it in the record's list are done, those after not."""


def check(action: ObjectAction, event: ObjectEvent, storage: Storage) -> None:
    """Let an action pass. Raises ActionError where it has a mistake, AccessError where the bucket's mode forbids it."""
    _check_key(action.key, "key")
    storage.check(bucket_of(action, event), WRITE)
    match action:
        case PutObject():
            _check_body(action.body)
            if action.content_type is not None:
                _check_ascii(action.content_type, "content_type")
            _check_metadata(action.metadata)
        case CopyObject():
            _check_key(action.source_key, "source_key")
            storage.check(_named(action.source_bucket, event), READ)
        case DeleteObject():
            pass


def perform(action: ObjectAction, event: ObjectEvent, storage: Storage) -> None:
    """Do what an action that was checked asks for. Raises what the client raises."""
    bucket = bucket_of(action, event)
    match action:
        case PutObject():
            storage.put(bucket, action)
        case DeleteObject():
            storage.delete(bucket, action)
        case CopyObject():
            storage.copy(bucket, _named(action.source_bucket, event), action)


def bucket_of(action: ObjectAction, event: ObjectEvent) -> str:
    """Give the bucket that an action changes."""
    return _named(action.bucket, event)


def _named(bucket: object, event: ObjectEvent) -> str:
    if bucket is None:
        return event.bucket_name
    if isinstance(bucket, str) and bucket:
        return bucket
    raise ActionError(f"its bucket must be a name or None, not {bucket!r:.80}")


def _check_key(key: object, name: str) -> None:
    if not isinstance(key, str) or not key:
        raise ActionError(f"its {name} must be a string that is not empty, not {key!r:.80}")
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise ActionError(f"its {name} {key!r:.80} is no UTF-8: {error.reason}") from error
    if size > MAX_KEY_BYTES:
        raise ActionError(f"its {name} has {size} bytes in UTF-8 and S3 takes {MAX_KEY_BYTES}: {key!r:.80}")


def _check_body(body: object) -> None:
    if isinstance(body, Path):
        if not body.is_file():
            raise ActionError(f"its body is the path {str(body)!r}, where there is no file")
    elif isinstance(body, str):
        try:
            body.encode()
        except UnicodeEncodeError as error:
            raise ActionError(f"its body is text that is no UTF-8: {error.reason}") from error
    elif not isinstance(body, bytes):
        raise ActionError(f"its body must be bytes, text or a pathlib.Path, not {type(body).__name__} {body!r:.80}")


def _check_ascii(text: object, name: str) -> None:
    # botocore refuses other characters in headers, but only at the call.
    if not (isinstance(text, str) and text.isascii() and text.isprintable()):
        raise ActionError(f"its {name} must be printable ASCII text, not {text!r:.80}")


def _check_metadata(metadata: object) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, Mapping):
        raise ActionError(f"its metadata must map strings to strings, not {metadata!r:.80}")
    for name, value in metadata.items():
        _check_ascii(name, "metadata's name")
        _check_ascii(value, f"metadata {name!r:.80}")
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise ActionError(f"its metadata has {size} bytes and S3 takes {MAX_METADATA_BYTES}")
