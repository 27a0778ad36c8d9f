"""ttsd as a Windows service, for machines whose speech goes into files: session 0 has no user's audio.

Optional: needs pywin32. The service is `windows_host.py`, run by the Python that installed it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ttsd.errors import ServiceError, UsageError
from ttsd.service import log_file
from ttsd.service.manager import ServiceStatus
from ttsd.service.plan import NAME
from ttsd.service.windows_task import LOG, arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttsd.service.plan import Plan

SHOWN = "ttsd (speech)"
DESCRIPTION = "Reads aloud what grows in files."
WAIT_SECONDS = 60.0
"""Longest wait for a start or a stop."""
PRESHUTDOWN_MS = 20_000
_NOT_INSTALLED, _RUNS_ALREADY, _NOT_ACTIVE, _STOPS_ALREADY, _EXISTS = 1060, 1056, 1062, 1061, 1073
"""Windows' error codes."""


class WindowsService:
    """See Manager."""

    def __init__(self, plan: Plan) -> None:
        """*plan*: tells where the log is. Raises ServiceError without pywin32."""
        try:
            import pywintypes
            import win32service
        except ImportError as error:
            raise ServiceError("a service needs pywin32", next_step="pip install pywin32") from error
        self._api: Any = win32service
        self._error: type[Exception] = pywintypes.error
        self._plan = plan

    def install(self, plan: Plan) -> Iterator[str]:
        """See Manager."""
        if plan.config is None:
            raise UsageError("a service needs a configuration", next_step="name it: --config FILE")
        api = self._api
        line = host_command(plan)
        with self._manager() as manager:
            try:
                service = api.CreateService(
                    *(manager, NAME, SHOWN, api.SERVICE_ALL_ACCESS, api.SERVICE_WIN32_OWN_PROCESS),
                    *(api.SERVICE_AUTO_START, api.SERVICE_ERROR_NORMAL, line, None, 0, None, None, None),
                )
                yield f"installed the service {NAME}; its log: {plan.state / LOG}"
            except self._error as error:
                if _code(error) != _EXISTS:
                    raise _told(error, "the service cannot be made") from error
                service = api.OpenService(manager, NAME, api.SERVICE_ALL_ACCESS)
                if api.QueryServiceConfig(service)[3] != line and self._stop(service):
                    yield "stopped the one that ran otherwise"
                same = api.SERVICE_NO_CHANGE
                api.ChangeServiceConfig(
                    service, same, api.SERVICE_AUTO_START, same, line, None, 0, None, None, None, SHOWN
                )
            try:
                yield from self._refine(service)
                self._start(service)
            finally:
                api.CloseServiceHandle(service)
        yield "started"

    def uninstall(self) -> Iterator[str]:
        """See Manager."""
        with self._service() as service:
            if service is None:
                yield "it was not installed"
                return
            if self._stop(service):
                yield "stopped"
            self._api.DeleteService(service)
        yield f"removed the service {NAME}"
        log_file.remove(self._plan.state / LOG)

    def status(self) -> ServiceStatus:
        """See Manager."""
        with self._service() as service:
            found = self._api.QueryServiceStatusEx(service) if service is not None else {}
        state = int(found.get("CurrentState", 0))
        names = {1: "stopped", 2: "starting", 3: "stopping", 4: "running", 7: "paused"}
        return ServiceStatus(
            manager="windows-service",
            installed=bool(found),
            enabled=bool(found),
            running=state == self._api.SERVICE_RUNNING,
            pid=int(found["ProcessId"]) if found.get("ProcessId") else None,
            detail=names.get(state, "not installed" if not found else f"state {state}"),
            files=(f"service {NAME}",) if found else (),
        )

    def logs(self, lines: int, *, follow: bool) -> int:
        """See Manager."""
        return log_file.show(self._plan.state / LOG, lines, follow=follow)

    # ---- inside

    @contextmanager
    def _manager(self) -> Iterator[Any]:
        try:
            manager = self._api.OpenSCManager(None, None, self._api.SC_MANAGER_ALL_ACCESS)
        except self._error as error:
            raise _told(error, "services cannot be changed", "run it as administrator") from error
        try:
            yield manager
        finally:
            self._api.CloseServiceHandle(manager)

    @contextmanager
    def _service(self) -> Iterator[Any]:
        """The service's handle; None: it is not installed."""
        with self._manager() as manager:
            try:
                service = self._api.OpenService(manager, NAME, self._api.SERVICE_ALL_ACCESS)
            except self._error as error:
                if _code(error) != _NOT_INSTALLED:
                    raise _told(error, "the service cannot be opened") from error
                service = None
            try:
                yield service
            finally:
                if service is not None:
                    self._api.CloseServiceHandle(service)

    def _refine(self, service: Any) -> Iterator[str]:
        """What a service can do without, and not every Windows (nor wine) has."""
        api = self._api
        actions = [(api.SC_ACTION_RESTART, 1000), (api.SC_ACTION_RESTART, 10_000), (api.SC_ACTION_NONE, 0)]
        failure = {"ResetPeriod": 3600, "RebootMsg": None, "Command": None, "Actions": actions}
        for what, level, value in (
            ("a description", api.SERVICE_CONFIG_DESCRIPTION, DESCRIPTION),
            ("a restart after a failure", api.SERVICE_CONFIG_FAILURE_ACTIONS, failure),
            ("time to end at a shutdown", api.SERVICE_CONFIG_PRESHUTDOWN_INFO, PRESHUTDOWN_MS),
        ):
            try:
                api.ChangeServiceConfig2(service, level, value)
            except self._error as error:
                yield f"without {what}: {error}"

    def _start(self, service: Any) -> None:
        try:
            self._api.StartService(service, None)
        except self._error as error:
            if _code(error) != _RUNS_ALREADY:
                raise _told(error, "the service does not start") from error
        self._wait(service, self._api.SERVICE_RUNNING, "start")

    def _stop(self, service: Any) -> bool:
        """Whether it ran."""
        try:
            self._api.ControlService(service, self._api.SERVICE_CONTROL_STOP)
        except self._error as error:
            if _code(error) == _NOT_ACTIVE:
                return False
            if _code(error) != _STOPS_ALREADY:
                raise _told(error, "the service does not stop") from error
        self._wait(service, self._api.SERVICE_STOPPED, "stop")
        return True

    def _wait(self, service: Any, wanted: int, what: str) -> None:
        waited, pause = 0.0, 0.1
        while (state := self._api.QueryServiceStatus(service)[1]) != wanted:
            failed = wanted == self._api.SERVICE_RUNNING and state == self._api.SERVICE_STOPPED
            if failed or waited > WAIT_SECONDS:
                raise ServiceError(f"the service does not {what}", next_step="`ttsd service logs` tells why")
            threading.Event().wait(pause)
            waited += pause


def host_command(plan: Plan) -> str:
    """The service's command line. It has another account, and so is told where the user's things are."""
    python = plan.command[0]
    words = [python, "-P", "-m", "ttsd.service.windows_host", "--config", str(plan.config)]
    words += ["--log", str(plan.state / LOG), "--state", str(plan.state), "--socket", str(plan.socket)]
    return arguments(words)


def _code(error: Exception) -> int:
    return int(error.args[0]) if error.args else 0


def _told(error: Exception, what: str, next_step: str | None = None) -> ServiceError:
    return ServiceError(f"{what}: {error.args[-1] if error.args else error}", next_step=next_step)
