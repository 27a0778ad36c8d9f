# Makes .venv with what is asked for, once; loaded by the other scripts, in the repository's root.
# Nothing is done while .venv works, pyproject.toml is unchanged and the folder was not moved.
# Runs at the same time wait for each other. ASCII only: Windows PowerShell 5 reads scripts as ANSI.

$VenvPython = Join-Path (Get-Location) '.venv\Scripts\python.exe'

# Runs a program without showing what it says; $true if it ended well.
function Test-Program([string[]] $Command) {
    $ErrorActionPreference = 'SilentlyContinue'
    $program = $Command[0]
    $arguments = @($Command | Select-Object -Skip 1)
    if (-not (Get-Command $program -CommandType Application)) { return $false }
    & $program @arguments *> $null
    return $LASTEXITCODE -eq 0
}

function Test-NewEnough([string[]] $Python) {
    return Test-Program ($Python + @('-c', 'import sys; sys.exit(sys.version_info < (3, 11))'))
}

# The first Python that is new enough, as a command and its arguments; nothing if there is none.
function Find-Python {
    $candidates = @()
    if ($env:TTSD_PYTHON) { $candidates += , @($env:TTSD_PYTHON) }
    $candidates += , @('py', '-3')
    $candidates += , @('python')
    $candidates += , @('python3')
    foreach ($candidate in $candidates) {
        if (Test-NewEnough $candidate) { return , $candidate }
    }
    return $null
}

# Makes and fills .venv; $true when it is ready.
function Initialize-Venv([string] $Stamp, [string[]] $Packages) {
    $root = (Get-Location).Path
    $sum = (Get-FileHash 'pyproject.toml' -Algorithm SHA256).Hash
    $wanted = "$($Packages -join ' ') $root $sum"
    $stampFile = ".venv\.ttsd-$Stamp"
    $mutex = New-Object System.Threading.Mutex($false, 'ttsd-venv-' + ($root -replace '[\\/:]', '-'))
    try { [void] $mutex.WaitOne() } catch [System.Threading.AbandonedMutexException] { }
    try {
        if ((Test-NewEnough @($VenvPython)) -and (Test-Program @($VenvPython, '-c', 'import pip'))) {
            if ((Test-Path $stampFile) -and ((Get-Content $stampFile -Raw).Trim() -eq $wanted)) { return $true }
        }
        else {
            $python = Find-Python
            if (-not $python) {
                [Console]::Error.WriteLine('ttsd needs Python 3.11 or newer.')
                [Console]::Error.WriteLine('Install it (winget install Python.Python.3.13), or name one in $env:TTSD_PYTHON.')
                return $false
            }
            [Console]::Error.WriteLine("Making .venv with $python ...")
            if (Test-Path '.venv') { Remove-Item '.venv' -Recurse -Force }
            $program = $python[0]
            $arguments = @($python | Select-Object -Skip 1)
            & $program @arguments -m venv .venv | Out-Host
            if ($LASTEXITCODE -ne 0) {
                if (Test-Path '.venv') { Remove-Item '.venv' -Recurse -Force }
                [Console]::Error.WriteLine("Python's venv module is missing: install Python from python.org or with winget.")
                return $false
            }
        }
        [Console]::Error.WriteLine("Installing $($Packages -join ' ') (once; some 150 MB to fetch with the voices) ...")
        & $VenvPython -m pip install --quiet --disable-pip-version-check @Packages | Out-Host
        if ($LASTEXITCODE -ne 0) {
            [Console]::Error.WriteLine('The installation failed; the message above says why. Run this again when that is mended.')
            return $false
        }
        Set-Content $stampFile $wanted
        return $true
    }
    finally {
        $mutex.ReleaseMutex()
        $mutex.Dispose()
    }
}
