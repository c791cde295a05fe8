"""Running a search: workers, executors, confirmation."""
