"""Which files a run looks at: from the paths that the user named to files inside their root.

Nothing is opened here; the bytes decide later whether a file is looked at more closely. Inside a
Git work tree git itself lists a folder, because only it knows all of its ignore rules; where git
is missing or refuses, the folder is walked and the .gitignore files are read here.

The tree is untrusted. git is run so that no configuration of the repository can start a program
(no fsmonitor, no hooks, no transports, nothing of the caller's environment but the search path),
links never lead out of the root, and one bad folder is a diagnostic that stops nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from itertools import pairwise

from iamlint.model import Diagnostic
from iamlint.record import record, replace
from iamlint.sources.path_pattern import PathSet, PatternList

__all__ = [
    "CANDIDATE_EXTENSIONS",
    "LARGEST_FILE",
    "FoundFile",
    "WalkedNames",
    "discover",
    "find_root",
    "git_command",
    "leads_away",
    "place_below",
]

CANDIDATE_EXTENSIONS = frozenset({"json", "yaml", "yml", "template", "cfn", "txt", "tf", "tofu", "tfvars"})
"""The endings (after the last dot, lower case) of files that a folder walk offers to the sources."""

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; larger files are reported, not read."""

_LARGEST_WITHOUT_EXTENSION = 256 * 1024
_LARGEST_IGNORE_FILE = 1024 * 1024
_SKIPPED_FOLDERS = frozenset({".git", ".terraform", "node_modules", "site-packages"})
_VIRTUAL_ENVIRONMENT_MARK = "pyvenv.cfg"
_GIT_TIMEOUT_SECONDS = 10
"""A pipe in the place of an ignore file makes git wait for ever; the walk, which takes over, does not."""
_GIT_OPTIONS = (
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    f"core.excludesFile={os.devnull}",
    "-c",
    "core.untrackedCache=false",
    "-c",
    "protocol.allow=never",
)


@record
class FoundFile:
    """A file to read. `absolute` is the real path; `path` is how reports name it: relative to
    `root` with forward slashes (absolute only where two roots would give the same name). `named`
    is set when the user named the file itself; `size` is in bytes. Names that are not UTF-8 hold
    surrogates, as os.fsdecode makes them."""

    absolute: str
    path: str
    root: str
    named: bool
    size: int


def discover(
    paths: Sequence[str],
    *,
    cwd: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    respect_gitignore: bool = True,
    force_exclude: bool = False,
) -> Iterator[FoundFile | Diagnostic]:
    """Yield the files that `paths` (files and folders, relative to `cwd`) name, and what hindered.

    `include` and `exclude` are patterns relative to the root (see path_pattern): the first adds
    files whatever their ending, the second leaves out files and folders of a walk, and with
    `force_exclude` named ones too. The order is that of the report paths as bytes; a file comes
    once, however many paths lead to it. A named path that cannot be read is a fatal diagnostic.
    """
    search = _Search(cwd, include, exclude, respect_gitignore=respect_gitignore, force_exclude=force_exclude)
    for path in paths:
        search.add(path)
    yield from search.results()


def find_root(path: str, cwd: str) -> str:
    """Return the root of `path`: the Git work tree that holds it, else `cwd` if that holds it,
    else the folder itself or the folder of the file. `path` may be relative to `cwd`."""
    cwd = os.path.realpath(cwd)
    place = _real_place(path, cwd)
    return _Roots(cwd).root(place, is_folder=os.path.isdir(place))


class WalkedNames:
    """Says from its name alone whether a walk from the root would offer a file to the sources."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._include = PathSet(include)
        self._exclude = PathSet(exclude)

    def holds(self, relative: str) -> bool:
        """Say so of one file, by its path relative to the root with forward slashes."""
        return self.is_candidate(relative) and not self.leaves_out(relative, is_folder=False)

    def is_candidate(self, relative: str) -> bool:
        """Say whether the ending of a file's name, or a pattern of `include`, makes it a candidate."""
        last = relative.rpartition("/")[2]
        _, dot, extension = last.rpartition(".")
        if not dot or extension in CANDIDATE_EXTENSIONS or extension.lower() in CANDIDATE_EXTENSIONS:
            return True
        return bool(self._include) and self._include.holds(relative)

    def leaves_out(self, relative: str, *, is_folder: bool) -> bool:
        """Say whether a path lies in what a walk from the root leaves out."""
        names = relative.split("/")
        folders = names if is_folder else names[:-1]
        if any(name in _SKIPPED_FOLDERS for name in folders) or _is_cdk_asset(names):
            return True
        return self._exclude.holds_folder(relative) if is_folder else self._exclude.holds(relative)


def place_below(path: str, cwd: str, root: str) -> str | None:
    """Return where `path`, relative to `cwd`, lies below `root`, with forward slashes (`.` for the root
    itself); None if it lies elsewhere. Folders on the way are resolved, a link at its end is not.
    Raises ValueError for what no path can be."""
    place = _real_place(path, os.path.realpath(cwd))
    return _relative(place, root) if _is_inside(place, root) else None


class _Roots:
    """Finds roots, looking into each folder once."""

    def __init__(self, cwd: str) -> None:
        self._cwd = cwd
        self._work_trees: dict[str, str | None] = {}

    def root(self, place: str, *, is_folder: bool) -> str:
        folder = place if is_folder else os.path.dirname(place)
        work_tree = self.work_tree(folder)
        if work_tree is not None:
            return work_tree
        return self._cwd if _is_inside(folder, self._cwd) else folder

    def work_tree(self, folder: str) -> str | None:
        """Return the nearest folder upwards that holds a `.git`, found without running git."""
        seen: list[str] = []
        answer: str | None = None
        while folder not in self._work_trees:
            seen.append(folder)
            if os.path.lexists(os.path.join(folder, ".git")):
                answer = folder
                break
            parent = os.path.dirname(folder)
            if parent == folder:
                break
            folder = parent
        else:
            answer = self._work_trees[folder]
        for one in seen:
            self._work_trees[one] = answer
        return answer


class _Search:
    """Collects the files of one run."""

    def __init__(
        self,
        cwd: str,
        include: Sequence[str],
        exclude: Sequence[str],
        *,
        respect_gitignore: bool,
        force_exclude: bool,
    ) -> None:
        self._cwd = os.path.realpath(cwd)
        self._roots = _Roots(self._cwd)
        self._include = PathSet(include)
        self._exclude = PathSet(exclude)
        self._names = WalkedNames(include, exclude)
        self._respect_gitignore = respect_gitignore
        self._force_exclude = force_exclude
        self._files: dict[str, FoundFile] = {}
        self._diagnostics: dict[Diagnostic, None] = {}
        self._listed: set[str] = set()
        self._named: set[str] = set()

    def results(self) -> list[FoundFile | Diagnostic]:
        """Return everything found, in order, each report path once."""
        owners: dict[str, FoundFile] = {}
        found: list[FoundFile | Diagnostic] = list(self._diagnostics)
        for file in self._files.values():
            if owners.setdefault(file.path, file) is file:
                found.append(file)
            else:
                # Two roots have a file of this name: the reader must be able to tell them apart.
                found.append(replace(file, path=_slashes(file.absolute)))
        found.sort(
            key=lambda item: (item.path.encode("utf-8", "surrogateescape"), isinstance(item, Diagnostic))
        )
        return found

    def add(self, path: str) -> None:
        """Take in one path that the user named."""
        if not path:
            # An unset variable of a script, and no wish to audit the current folder.
            self._report("''", "missing", "the path is empty", fatal=True)
            return
        try:
            place = _real_place(path, self._cwd)
            status = os.lstat(place)
        except (OSError, ValueError) as error:
            shown = (
                path.encode("utf-8", "backslashreplace").decode() if isinstance(error, ValueError) else path
            )
            self._report(_slashes(shown), "missing", _missing(error), fatal=True)
            return
        linked = stat.S_ISLNK(status.st_mode)
        root = self._roots.root(place, is_folder=stat.S_ISDIR(status.st_mode))
        if linked:
            target = os.path.realpath(place)
            if not _is_inside(target, root):
                message = f"the link leads out of {root}, and no file outside is read"
                self._report(_relative(place, root), "outside-root", message, fatal=True)
                return
            try:
                status = os.stat(target)
            except OSError as error:
                self._report(_relative(place, root), "missing", _missing(error), fatal=True)
                return
            place = target
        relative = _relative(place, root)
        if self._force_exclude and self._names.leaves_out(relative, is_folder=stat.S_ISDIR(status.st_mode)):
            return
        if stat.S_ISDIR(status.st_mode):
            if not os.access(place, os.R_OK | os.X_OK):
                self._report(relative, "unreadable", "the folder cannot be read", fatal=True)
            else:
                self._named.add(place)
                self._list(place, root)
        elif not stat.S_ISREG(status.st_mode):
            message = "not a regular file; to read from a pipe, give - and --stdin-filename"
            self._report(relative, "not-a-file", message, fatal=True)
        elif not os.access(place, os.R_OK):
            self._report(relative, "unreadable", "the file cannot be read: permission denied", fatal=True)
        else:
            self._take(place, relative, root, status.st_size, named=True)

    def _report(self, path: str, code: str, message: str, *, fatal: bool = False) -> None:
        self._diagnostics[Diagnostic(path, code, message, fatal=fatal)] = None

    def _take(self, place: str, relative: str, root: str, size: int, *, named: bool) -> None:
        if size > LARGEST_FILE:
            limit = LARGEST_FILE // (1024 * 1024)
            message = f"the file has {size:,} bytes; files over {limit} MiB are not read"
            self._report(relative, "too-large", message, fatal=named)
        elif named or place not in self._files:
            self._files[place] = FoundFile(place, relative, root, named, size)

    # Folders

    def _list(self, folder: str, root: str) -> None:
        """Take in the files of a folder, by git where the folder is in a work tree."""
        if folder in self._listed:
            return
        self._listed.add(folder)
        if self._respect_gitignore and self._roots.work_tree(folder) is not None:
            complete = self._list_with_git(folder, folder, root)
            if complete:
                return
        self._walk(folder, folder, root)

    def _list_with_git(self, folder: str, start: str, root: str) -> bool:
        """Take in what git lists of `folder`, reached from the named folder `start`. Return False
        when a walk has to find what git did not: it failed, complained, or knows of no file."""
        work_tree = self._roots.work_tree(folder) or folder
        listing = _git_listing(folder, work_tree)
        if listing is None:
            return False
        entries, complained = listing
        environments = {
            os.path.dirname(_native(os.path.join(folder, name)))
            for name, _ in entries
            if name.endswith("/" + _VIRTUAL_ENVIRONMENT_MARK)
        }
        skipped = _Skipped(start, root, self._exclude, environments)
        prefix = folder if folder.endswith(os.sep) else folder + os.sep
        base = _relative(folder, root)
        base = "" if base == "." else base + "/"
        seen_folder: str | None = None
        leave = False
        for name, is_odd in entries:
            if leads_away(name):
                self._report(base + name, "outside-root", "git's index has a name that no work tree has")
                continue
            inner = name.rpartition("/")[0]
            if inner != seen_folder:
                seen_folder = inner
                leave = skipped.folder(_native(prefix + inner), base + inner) if inner else False
            if not leave and (is_odd or self._names.is_candidate(base + name)):
                self._entry(_native(prefix + name), base + name, start, root, skipped)
        return bool(entries) and not complained

    def _entry(self, place: str, relative: str, start: str, root: str, skipped: _Skipped) -> None:
        """Take in one entry of git's listing: a file, a link, or a nested repository."""
        try:
            status = os.lstat(place)
        except FileNotFoundError:
            return  # tracked, and deleted in the work tree
        except OSError as error:
            self._report(relative, "unreadable", _reason(error))
            return
        if stat.S_ISREG(status.st_mode):
            self._consider(place, relative, root, status.st_size)
        elif stat.S_ISLNK(status.st_mode):
            self._link(place, relative, start, root)
        elif stat.S_ISDIR(status.st_mode) and not skipped.folder(place, relative):
            self._listed.add(place)
            own = os.path.lexists(os.path.join(place, ".git"))
            if not (own and self._list_with_git(place, start, root)):
                self._walk(place, start, root)

    def _consider(self, place: str, relative: str, root: str, size: int) -> None:
        """Take in a regular file of a folder, if its name and size make it a candidate."""
        last = relative.rpartition("/")[2]
        if not self._names.is_candidate(relative):
            return
        if (
            "." not in last
            and (not size or size > _LARGEST_WITHOUT_EXTENSION)
            and not self._include.holds(relative)
        ):
            return
        if _is_cdk_asset(relative.split("/")[-2:]) or self._exclude.holds(relative):
            return
        self._take(place, relative, root, size, named=False)

    def _link(self, place: str, relative: str, start: str, root: str) -> None:
        """Take in what a link inside the root leads to, under its real name."""
        target = os.path.realpath(place)
        wanted = self._names.is_candidate(relative)
        if not _is_inside(target, root):
            if wanted or os.path.isdir(target):
                message = f"the link leads out of {root}, and no file outside is read"
                self._report(relative, "outside-root", message)
            return
        real = _relative(target, root)
        try:
            status = os.stat(target)
        except OSError as error:
            if wanted:
                self._report(relative, "unreadable", f"the link leads nowhere: {_reason(error)}")
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if self._names.leaves_out(real, is_folder=is_folder):
            return
        if is_folder:
            # A folder above or below the one being listed is, or will be, listed anyway.
            if not _is_inside(target, start) and not _is_inside(start, target):
                self._list(target, root)
        elif stat.S_ISREG(status.st_mode):
            if wanted and not self._exclude.holds(real):
                self._take(target, real, root, status.st_size, named=False)
            else:
                self._consider(target, real, root, status.st_size)

    def _walk(self, folder: str, start: str, root: str) -> None:
        """Take in the files below `folder` without git; .gitignore files count inside a work tree."""
        skipped = _Skipped(start, root, self._exclude, set())
        ignores: list[PatternList] = []
        work_tree = self._roots.work_tree(folder)
        honour = self._respect_gitignore and work_tree is not None
        if honour and work_tree is not None:
            ignores = _ignores_above(folder, work_tree, root)
        pending: list[tuple[str, str, list[PatternList]]] = [(folder, _relative(folder, root), ignores)]
        while pending:
            place, relative, ignores = pending.pop()
            try:
                with os.scandir(place) as listing:
                    entries = list(listing)
            except OSError as error:
                message = f"the folder cannot be read: {_reason(error)}"
                # What access(2) allows can fail all the same: other rules, or another moment.
                self._report(relative, "unreadable", message, fatal=place in self._named)
                continue
            if place != start and any(entry.name == _VIRTUAL_ENVIRONMENT_MARK for entry in entries):
                continue
            base = "" if relative == "." else relative + "/"
            if honour:
                if place != folder and any(entry.name == ".git" for entry in entries):
                    # A repository in the repository has ignore rules of its own.
                    exclude = _ignore_file(os.path.join(place, ".git", "info", "exclude"), base.count("/"))
                    ignores = [exclude] if exclude else []
                own = _ignore_file(os.path.join(place, ".gitignore"), base.count("/"))
                if own:
                    ignores = [*ignores, own]
            for entry in entries:
                path = base + _slashes(entry.name)
                try:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if ignores and _is_ignored(ignores, path.split("/"), is_folder=is_folder):
                        continue
                    if is_folder:
                        if not skipped.folder(entry.path, path):
                            pending.append((entry.path, path, ignores))
                    elif entry.is_symlink():
                        self._link(entry.path, path, start, root)
                    elif self._names.is_candidate(path) and entry.is_file(follow_symlinks=False):
                        self._consider(entry.path, path, root, entry.stat(follow_symlinks=False).st_size)
                except FileNotFoundError:
                    continue  # gone since the folder was listed
                except OSError as error:
                    self._report(path, "unreadable", _reason(error))


class _Skipped:
    """Says which folders below the named one are left out, looking at each once."""

    def __init__(self, start: str, root: str, exclude: PathSet, environments: set[str]) -> None:
        self._exclude = exclude
        self._environments = environments
        self._known = {start: False, root: False}

    def folder(self, place: str, relative: str) -> bool:
        """Say whether the folder at `place` is left out, itself or with a folder above it."""
        chain: list[tuple[str, str]] = []
        while place not in self._known:
            chain.append((place, relative))
            place, relative = os.path.dirname(place), relative.rpartition("/")[0]
        answer = self._known[place]
        for place, relative in reversed(chain):
            if not answer:
                names = relative.split("/")
                answer = (
                    names[-1] in _SKIPPED_FOLDERS
                    or _is_cdk_asset(names[-2:])
                    or place in self._environments
                    # git lists tracked files below a folder that has become a link.
                    or os.path.islink(place)
                    or self._exclude.holds_folder(relative)
                )
            self._known[place] = answer
        return answer


def _is_cdk_asset(names: Sequence[str]) -> bool:
    return any(folder == "cdk.out" and name.startswith("asset.") for folder, name in pairwise(names))


def _real_place(path: str, cwd: str) -> str:
    """Return `path` with every folder on the way resolved, but not a link at its end."""
    full = os.path.join(cwd, path)
    head, last = os.path.split(full.rstrip("/" + os.sep))
    if full.endswith(("/", os.sep)) or last in ("", ".", ".."):
        return os.path.realpath(full)
    return os.path.join(os.path.realpath(head), last)


def _is_inside(place: str, root: str) -> bool:
    return place == root or place.startswith(root if root.endswith(os.sep) else root + os.sep)


def _relative(place: str, root: str) -> str:
    """Return the report path of `place`, which lies inside `root`."""
    if place == root:
        return "."
    return _slashes(place[len(root) if root.endswith(os.sep) else len(root) + 1 :])


def _slashes(path: str) -> str:
    return path if os.sep == "/" else path.replace(os.sep, "/")


def _native(path: str) -> str:
    return path if os.sep == "/" else path.replace("/", os.sep)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _missing(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "no file can have this name"
    if isinstance(error, FileNotFoundError):
        return "no such file or folder"
    return f"the path cannot be read: {_reason(error)}"


# Git's listing and git's ignore files


def leads_away(name: str) -> bool:
    """Say whether a name of git's index leads out of the folder or into a `.git`. git writes none such,
    but lists what it is given: an index may have been made by hand."""
    if ".." not in name and ".git" not in name and not name.startswith("/"):
        return False
    return name.startswith("/") or not {"..", ".git"}.isdisjoint(name.split("/"))


def _has_odd_settings(work_tree: str) -> bool:
    """Say whether git's own files are such that git would wait for ever or read what is no file."""
    settings = os.path.join(work_tree, ".git")
    if not os.path.isdir(settings):
        return False
    for names in (("config",), ("index",), ("HEAD",), ("info", "exclude"), ("..", ".gitignore")):
        try:
            mode = os.stat(os.path.join(settings, *names)).st_mode
        except OSError:
            continue
        if not stat.S_ISREG(mode):
            return True
    return False


def git_command(work_tree: str) -> tuple[list[str], dict[str, str]] | None:
    """Return how git is started so that nothing of the work tree can start a program: the program with
    its first arguments, and its whole environment. None if git is missing or would wait for ever."""
    git = _git_program(work_tree)
    if git is None or _has_odd_settings(work_tree):
        return None
    return [git, *_GIT_OPTIONS], _git_environment(work_tree)


def _git_listing(folder: str, work_tree: str) -> tuple[list[tuple[str, bool]], bool] | None:
    """Return what git lists of `folder` as pairs (path relative to it, whether it may be something
    else than a file), and whether git complained on the way; None if git is missing or refuses."""
    found = git_command(work_tree)
    if found is None:
        return None
    import subprocess

    command = [*found[0], "ls-files", "-t", "-s", "-c", "-o", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(  # noqa: S603 -- an absolute program and constant arguments
            command,
            cwd=folder,
            env=found[1],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    if done.returncode != 0:
        return None
    entries: list[tuple[str, bool]] = []
    for line in os.fsdecode(done.stdout).split("\0"):
        if line[:2] == "? ":
            # Not tracked: a file, a link, or (with a slash at its end) a repository of its own.
            entries.append((line[2:].rstrip("/"), True))
        elif line:
            # `H 100644 <object> <stage>\t<path>`: 160000 is a submodule, 120000 a link.
            facts, _, name = line.partition("\t")
            entries.append((name, facts[2:4] in ("16", "12")))
    return entries, bool(done.stderr)


def _git_program(work_tree: str) -> str | None:
    """Return git's absolute path from the search path, never one inside the tree under audit."""
    name = "git.exe" if os.name == "nt" else "git"
    for folder in os.get_exec_path():
        if not os.path.isabs(folder):
            continue
        program = os.path.join(folder, name)
        usable = os.path.isfile(program) and os.access(program, os.X_OK)
        if usable and not _is_inside(os.path.realpath(program), work_tree):
            return program
    return None


def _git_environment(work_tree: str) -> dict[str, str]:
    """Return the whole environment git gets: nothing of the user's settings, no network."""
    environment = {
        "PATH": os.pathsep.join(folder for folder in os.get_exec_path() if os.path.isabs(folder)),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        # The repository's own settings could name another folder, and hide all that is here.
        "GIT_WORK_TREE": work_tree,
        # A broken .git must not make git list the repository around it.
        "GIT_CEILING_DIRECTORIES": os.path.dirname(work_tree),
    }
    if os.name == "nt" and "SYSTEMROOT" in os.environ:
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]  # programs do not start without it
    return environment


def _ignores_above(folder: str, work_tree: str, root: str) -> list[PatternList]:
    """Return the ignore rules that reach into `folder` from above; none if they ignore `folder`
    itself, since the user who names an ignored folder wants to see it."""
    depth = 0 if work_tree == root else _relative(work_tree, root).count("/") + 1
    lists: list[PatternList] = []
    exclude = _ignore_file(os.path.join(work_tree, ".git", "info", "exclude"), depth)
    if exclude:
        lists.append(exclude)
    names = _relative(folder, root).split("/") if folder != root else []
    place = work_tree
    for end in range(depth, len(names)):
        own = _ignore_file(os.path.join(place, ".gitignore"), end)
        if own:
            lists.append(own)
        if _is_ignored(lists, names[: end + 1], is_folder=True):
            return []
        place = os.path.join(place, names[end])
    return lists


def _ignore_file(path: str, depth: int) -> PatternList | None:
    """Return the patterns of one ignore file; None if it is missing, a link, or beyond reason."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(_LARGEST_IGNORE_FILE + 1)
        except OSError:
            return None
    if len(data) > _LARGEST_IGNORE_FILE:
        return None
    lines = os.fsdecode(data.removeprefix(b"\xef\xbb\xbf")).split("\n")
    return PatternList(lines, depth=depth) or None


def _is_ignored(lists: Sequence[PatternList], names: Sequence[str], *, is_folder: bool) -> bool:
    """Say whether the deepest list that has a word on the path itself excludes it."""
    for patterns in reversed(lists):
        decision = patterns.decides(names, is_folder=is_folder)
        if decision is not None:
            return decision
    return False
