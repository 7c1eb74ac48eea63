"""The entry point in Lambda: `task_runtime.entry.handler` is the handler in the function's configuration.

Importing this module imports the user's callback, named by `TASK_DEPLOY_CALLBACK` as `module:function`. What is wrong
with it therefore shows when the sandbox starts, before any event is taken.
"""

import difflib
import importlib
import logging
import os

from task_runtime.actions import CallbackError
from task_runtime.callbacks import Callback
from task_runtime.invocation import make_handler

CALLBACK_VARIABLE = "TASK_DEPLOY_CALLBACK"


def load_callback(reference: str) -> Callback:
    """Import `module:function` and give the function.

    Raises CallbackError, which says what is wrong. (An ImportError would make Lambda say that this module is missing.)
    """
    module_name, colon, name = reference.partition(":")
    if not (module_name and colon and name):
        raise CallbackError(f"{CALLBACK_VARIABLE} is {reference!r}, not module:function")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        # Lambda reports the last exception of a chain alone, so the traceback into the user's code is logged here.
        logging.getLogger("task_runtime").exception("the import of %s failed", module_name)
        raise CallbackError(
            f"{CALLBACK_VARIABLE} is {reference!r}, but importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(module, name):
        close = difflib.get_close_matches(name, vars(module), n=1)
        advice = f"; did you mean {close[0]}?" if close else ""
        raise CallbackError(f"{CALLBACK_VARIABLE} is {reference!r}, but {module_name} has no {name}{advice}")
    callback: Callback = getattr(module, name)
    return callback


handler = make_handler(load_callback(os.environ.get(CALLBACK_VARIABLE, "")))
