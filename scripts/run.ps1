# Everything for a first start: makes .venv, installs ttsd with its voices, writes a configuration if there
# is none, and runs the daemon. With arguments they go to ttsd instead: scripts\run.ps1 say hello
# Where scripts are not allowed: powershell -ExecutionPolicy Bypass -File scripts\run.ps1

$root = Split-Path $PSScriptRoot
Push-Location $root
try {
    . (Join-Path $PSScriptRoot 'venv.ps1')
    if (-not (Initialize-Venv 'run' @('-e', '.[piper,hibari,http]'))) { exit 1 }
}
finally {
    Pop-Location
}
$python = Join-Path $root '.venv\Scripts\python.exe'

# -P: a folder ttsd where the user stands is not the package.
if ($args.Count -gt 0) {
    & $python -P -m ttsd @args
    exit $LASTEXITCODE
}

$config = $env:TTSD_CONFIG
if (-not $config) {
    $config = & $python -P -c 'from ttsd.paths import default_config_path; print(default_config_path())'
}
if (-not (Test-Path $config)) {
    $folder = Split-Path $config
    if ($folder) { [void] (New-Item $folder -ItemType Directory -Force) }
    Copy-Item (Join-Path $root 'configs\quickstart.toml') $config
    Write-Output "Wrote $config"
}
& $python -P -m ttsd.cli.welcome $config
& $python -P -m ttsd run --config $config
exit $LASTEXITCODE
