from tests.unit.config.project import Project, valid


def test_overlay_of_another_environment(project: Project) -> None:
    """The overlay of one environment does not touch another."""
    project.write(valid(), prod="[tasks.ingest]\nmemory_mb = 1024")
    assert tuple(project.load(env).tasks["ingest"].memory_mb for env in ("dev", "prod")) == (512, 1024)


def test_tables_merge_key_by_key(project: Project) -> None:
    """A table in the overlay changes the keys it has, adds new ones, and leaves the rest."""
    base = valid(task='environment = { A1 = "base", B1 = "base" }')
    project.write(base, dev='[tasks.ingest.environment]\nB1 = "overlay"\nC1 = "overlay"')
    assert project.load().tasks["ingest"].environment == {"A1": "base", "B1": "overlay", "C1": "overlay"}


def test_arrays_are_replaced(project: Project) -> None:
    """An array in the overlay takes the place of the whole array in the base."""
    base = valid(bucket='events = ["ObjectCreated", "ObjectRemoved"]')
    project.write(base, dev='[tasks.ingest.buckets.uploads]\nevents = ["ObjectCreated"]')
    assert project.load().tasks["ingest"].buckets["uploads"].events == ("ObjectCreated",)


def test_arrays_of_tables_are_replaced(project: Project) -> None:
    """CORS rules in the overlay take the place of all rules in the base."""
    header = "[[tasks.ingest.buckets.uploads.cors]]\n"
    base = valid() + 2 * f'{header}allowed_origins = ["*"]\nallowed_methods = ["GET"]\n'
    project.write(base, dev=f'{header}allowed_origins = ["*"]\nallowed_methods = ["PUT"]')
    rules = project.load().tasks["ingest"].buckets["uploads"].cors
    assert [rule.allowed_methods for rule in rules] == [("PUT",)]


def test_mistakes_stand_in_the_file_they_came_from(project: Project) -> None:
    """A value that the overlay brought is blamed on the overlay, one of the base on the base."""
    project.write(valid(task="memory_mb = 1"), dev="[tasks.ingest]\n\ntimeout_seconds = 0")
    assert [(one.file, one.line) for one in project.mistakes()] == [("config/dev.toml", 3), ("config/task.toml", 9)]


def test_a_mistake_that_the_overlay_puts_right(project: Project) -> None:
    """The merged configuration counts: what the overlay replaces may be anything."""
    project.write(valid(task="memory_mb = 1"), dev="[tasks.ingest]\nmemory_mb = 128")
    assert project.load().tasks["ingest"].memory_mb == 128


def test_missing_key_of_a_merged_array(project: Project) -> None:
    """A key that a replaced rule had, and the new one has not, is missing in the overlay."""
    header = "[[tasks.ingest.buckets.uploads.cors]]\n"
    base = valid() + f'{header}allowed_origins = ["*"]\nallowed_methods = ["GET"]\n'
    project.write(base, dev=f'\n{header}allowed_origins = ["*"]')
    (mistake,) = project.mistakes()
    assert (
        mistake.file,
        mistake.line,
        mistake.key,
        mistake.problem,
    ) == ("config/dev.toml", 2, "tasks.ingest.buckets.uploads.cors[0].allowed_methods", "is missing")


def test_a_scalar_over_a_table(project: Project) -> None:
    """A value of another type in the overlay replaces the table, and is blamed on the overlay."""
    project.write(valid(), dev="tasks = 3")
    (mistake,) = project.mistakes()
    assert str(mistake).splitlines()[0] == "config/dev.toml:1: tasks: is a whole number, but must be a table"


def test_locate(project: Project) -> None:
    """A key is where it was last given, a table at its header in the base, and what is not there at its ancestor."""
    project.write(
        valid(task='command_topics = [\n  "orders",\n]'),
        dev="[tasks.ingest]\nmemory_mb = 128\n[tasks.ingest.buckets.more]\nmode = 'Read'",
    )
    config = project.load()
    assert config.locate("tasks", "ingest") == ("config/task.toml", 6)
    assert config.locate("tasks", "ingest", "source") == ("config/task.toml", 7)
    assert config.locate("tasks", "ingest", "command_topics", 0) == ("config/task.toml", 10)
    assert config.locate("tasks", "ingest", "command_topics", 7) == ("config/task.toml", 9)
    assert config.locate("tasks", "ingest", "memory_mb") == ("config/dev.toml", 2)
    assert config.locate("tasks", "ingest", "buckets", "more", "name") == ("config/dev.toml", 3)
    assert config.locate("tasks", "ingest", "timeout_seconds") == ("config/task.toml", 6)
    assert config.locate() == ("config/task.toml", 1)
