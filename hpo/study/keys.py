"""The keys under which a study's journal keeps what it knows."""

from __future__ import annotations

RESULT = "result"
FAILURE = "failure"
WORKER = "worker"
SEED = "seed"
SETTINGS = "settings"
FIRST_SEED = "first_seed"
"""Key of the seed of the study's first run, for what must not change from trial to trial."""
OPTIONS = "options"
CODE = "code"
CODE_CHANGES = "code_changes"
FACTS = "facts"
RETRIED = "retried"
"""Key of the numbers of failed trials that were queued again, after a fix."""
CONSULTATION = "test_consultation/"
JOURNAL = "journal.log"
