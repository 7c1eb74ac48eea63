"""The embedded local AWS: moto in a process of its own, and an executor that really runs the deployed zip.

An object written to a bucket becomes an event, the event runs the function under AWS's own runtime client, and what
the handler publishes lies in a queue that an ordinary client reads. The deployed role decides what the handler may do.

**This is not a security boundary.** A handler runs as the user who started the local AWS and can do what that user can.
Not modelled: memory limits, the read-only file system, layers, concurrency limits and throttling, the freezing of idle
sandboxes, policy conditions and permissions boundaries, propagation delays, SNS and EventBridge as destinations, S3's
event types but for objects created and removed, event source mappings, the other architecture's machine code, and the
runtime's exact Python version (a handler is run by the interpreter that runs the tool). State is in memory alone:
`stop` forgets everything.

    process      start, find, stop: what the command line uses; loads neither moto nor boto3
    place        the files of a project's local AWS, and whether it lives
    server       the process: wires what follows together and answers on loopback
    gateway      every request passes here: who calls, may they, who answers
    s3_api       notification documents and the creation of buckets
    lambda_api   Invoke, the resource policy and event invoke configs
    seams        where moto's own behaviour is replaced, each seam with a contract test; `suspended_versioning` and
                 `deduplication` are two of its longer replacements
    deliveries   object events to functions and queues
    async_events retries, age limits and failure records
    executor     sandboxes, kept warm; `sandbox` is one of them, `bootstrap` runs inside it
"""
