import pytest

from task_deployer.event_pattern import pattern_of

FIVE = ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload", "DeleteObject"]


@pytest.mark.parametrize(
    ("events", "types", "told"),
    [
        (["ObjectCreated"], ["Object Created"], {}),
        (["ObjectRemoved", "LifecycleExpiration"], ["Object Deleted"], {}),
        (["ObjectCreated", "ObjectRemoved"], ["Object Created", "Object Deleted"], {"reason": FIVE}),
        (["LifecycleExpiration"], ["Object Deleted"], {"reason": ["Lifecycle Expiration"]}),
        (["ObjectCreated:Copy", "ObjectCreated:Put"], ["Object Created"], {"reason": ["PutObject", "CopyObject"]}),
        (
            ["ObjectRemoved:Delete"],
            ["Object Deleted"],
            {"reason": ["DeleteObject"], "deletion-type": ["Permanently Deleted"]},
        ),
        (
            ["ObjectCreated:Post", "ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:Delete"],
            ["Object Created", "Object Deleted"],
            {
                "$or": [
                    {"reason": ["POST Object"]},
                    {"reason": ["DeleteObject"], "deletion-type": ["Delete Marker Created"]},
                    {"reason": ["Lifecycle Expiration"], "deletion-type": ["Permanently Deleted"]},
                ]
            },
        ),
    ],
)
def test_events_are_told_apart(events: list[str], types: list[str], told: dict[str, object]) -> None:
    """S3's event types become what EventBridge tells of them, and nothing is asked for where all is wanted."""
    detail = {"bucket": {"name": ["media"]}, **told}
    expected = {"source": ["aws.s3"], "detail-type": types, "detail": detail}
    assert expected == pattern_of("media", events, "", "")


@pytest.mark.parametrize(
    ("prefix", "suffix", "keys"),
    [
        ("in/", "", [{"prefix": "in/"}]),
        ("", ".csv", [{"suffix": ".csv"}]),
        ("in/", ".csv", [{"wildcard": "in/*.csv"}]),
        ("in+my%2Bdir/", "", [{"prefix": "in my+dir/"}]),
        ("a%2A\\", ".b", [{"wildcard": "a\\*\\\\*.b"}]),
        ("in/aba", "aba.csv", [{"wildcard": "in/aba*aba.csv"}, "in/ababa.csv", "in/aba.csv"]),
    ],
)
def test_filters_are_those_of_the_plain_key(prefix: str, suffix: str, keys: list[object]) -> None:
    """The config's filters are encoded, as S3 wants them; EventBridge's are not, and prefix and suffix may meet."""
    detail = pattern_of("media", ["ObjectCreated"], prefix, suffix)["detail"]
    assert {"bucket": {"name": ["media"]}, "object": {"key": keys}} == detail
