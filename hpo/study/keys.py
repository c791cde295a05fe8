"""The keys of a study's journal."""

from __future__ import annotations

RESULT = "result"
FAILURE = "failure"
WORKER = "worker"
SEED = "seed"
SETTINGS = "settings"
FIRST_SEED = "first_seed"
"""The seed of the first run, for what must not change from trial to trial."""
OPTIONS = "options"
CODE = "code"
CODE_CHANGES = "code_changes"
FACTS = "facts"
RETRIED = "retried"
"""Key of the numbers of failed trials that were queued again, after a fix."""
CONSULTATION = "test_consultation/"
JOURNAL = "journal.log"
