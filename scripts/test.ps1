# Every check of the project but those that take long: ruff, mypy (Linux and Windows), pytest. Arguments go to pytest.
# With CI=true a test that skips for want of a part fails.

Push-Location (Split-Path $PSScriptRoot)
try {
    . (Join-Path $PSScriptRoot 'venv.ps1')
    if (-not (Initialize-Venv 'test' @('-e', '.[piper,hibari,espeak,http,watchdog,test]'))) { exit 1 }
    $checks = @(
        , @('ruff', 'check', '--output-format', 'concise', '.')
        , @('ruff', 'format', '--check', '.')
        , @('mypy', '--platform', 'linux', '--cache-dir', '.mypy_cache/linux')
        , @('mypy', '--platform', 'win32', '--cache-dir', '.mypy_cache/win32')
        , (@('pytest', '-n', '3', '--dist', 'loadfile') + $args)
    )
    foreach ($check in $checks) {
        & $VenvPython -m @check
        if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    }
}
finally {
    Pop-Location
}
