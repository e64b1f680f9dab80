# A thin front of `cargo xtask`: it only makes sure that there is a cargo. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help demo test test-kernels check bench bench-short install deb clean-lab bootstrap

PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
RUN := sh xtask/bootstrap.sh run

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'
	@echo
	@echo '  ARGS="..." is handed to the command behind the target, for example: make test ARGS=--unprivileged'

demo: ## two hosts talk through Flumen in network namespaces (root)
	@$(RUN) demo $(ARGS)

test: ## every test that needs no hardware (root)
	@$(RUN) test $(ARGS)

test-kernels: ## engine and conformance tests on the kernels of Debian bookworm, trixie and sid, in QEMU
	@$(RUN) kernels $(ARGS)

check: ## formatting, lints, layers, licences, forbidden words, eBPF stacks, table layouts, deployment files
	@$(RUN) check $(ARGS)

bench: ## cost per packet beside the floor and beside the kernel; writes target/bench/bench.json (root)
	@$(RUN) bench $(ARGS)

bench-short: ## the same in under a minute, with fewer runs (root)
	@$(RUN) bench --short $(ARGS)

install: ## the flumen program and its systemd unit, to DESTDIR/PREFIX
	@$(RUN) install --prefix "$(PREFIX)" $(if $(DESTDIR),--destdir "$(DESTDIR)") $(ARGS)

deb: ## the Debian package, to target/debian
	@$(RUN) deb $(ARGS)

clean-lab: ## remove what an interrupted demo, test or benchmark left behind (root)
	@$(RUN) clean-lab $(ARGS)

bootstrap: ## find or install the eBPF toolchain, and say which
	@$(RUN) bootstrap $(ARGS)
