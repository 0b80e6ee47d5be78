"""An older revision of a Git work tree: which files have changed since, and what they held.

git compares and reads; as in discovery it is run so that nothing of the repository can start a
program. Two more doors are closed here, since git reads the files of the work tree when it compares
them: filters that the repository configures are emptied, and no external diff is used.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iamlint.catalog.nearest import nearest
from iamlint.errors import InputError
from iamlint.record import record
from iamlint.sources.discovery import LARGEST_FILE, find_root, git_command, place_below

if TYPE_CHECKING:
    import subprocess

__all__ = ["Base", "ChangedFile", "Repository", "UnreadableBlobError", "open_repository"]

_SECONDS = 60
"""Longest time for git's answer to one question, and for all the blobs of a run."""

_MOST_NAMES = 20_000
"""Branches and tags that are looked through for the nearest name."""

_MOST_PAIRS = 2_500
"""Pairs of a file that is gone and a new one that are compared."""

_LONGEST = 1024 * 1024
"""Bytes of a file that is compared so."""

_ALIKE = 0.5
"""Share of lines that two versions of a file have in common, as git takes it."""

_ENOUGH_LINES = 20
"""Lines in common that do not come about by chance."""

_MOST_TRUSTED = 1_000
"""Folders that the settings trust."""

_LINK, _SUBMODULE = "120000", "160000"


class UnreadableBlobError(Exception):
    """The old content of a file cannot be read; the message says why."""


@record
class Base:
    """The commit that the work tree is compared with: `revision` as the user wrote it, and whether
    `commit` is the place where the current branch left it."""

    revision: str
    commit: str
    is_merge_base: bool


@record
class ChangedFile:
    """A file that differs from the base. `path` and `old_path` are relative to the root with forward
    slashes, None on the side where there is no regular file; `blob` is git's name of the old content.
    `is_submodule` is set for a repository of its own, which is not looked into."""

    path: str | None
    old_path: str | None
    blob: str | None
    is_submodule: bool = False


def open_repository(paths: Sequence[str], cwd: str) -> tuple[Repository, tuple[str, ...]]:
    """Return the repository that holds all `paths`, and where they lie in it (`.` is its root).

    Raises InputError where they lie in none, in several, or git cannot be used.
    """
    roots: dict[str, str] = {}
    try:
        for path in paths:
            if not path:
                raise InputError("'': the path is empty")
            root = find_root(path, cwd)
            if not os.path.lexists(os.path.join(root, ".git")):
                raise InputError(
                    f"{path}: lies in no git repository", help="run it in a clone, or compare two files"
                )
            roots.setdefault(root, path)
        if len(roots) > 1:
            one, other = list(roots.values())[:2]
            raise InputError(f"{one} and {other} lie in different git repositories")
        (root,) = roots
        places = [place_below(path, cwd, root) for path in paths]
    except ValueError as error:
        raise InputError("no file can have a name with a NUL in it") from error
    for path, place in zip(paths, places, strict=True):
        if place is None:
            raise InputError(f"{path}: lies outside of the git repository {root}")
    command = git_command(root)
    if command is None:
        raise InputError("git is not installed, or cannot be used safely on this repository")
    return Repository(root, *command), tuple(place for place in places if place is not None)


class Repository:
    """A work tree as git sees it."""

    def __init__(self, root: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.root = root
        # Paths are names, never patterns.
        self._environment = {**environment, "GIT_LITERAL_PATHSPECS": "1"}
        self._command = [*command, "--no-pager"]
        self._blobs: _Blobs | None = None

    def close(self) -> None:
        """End the process that reads blobs."""
        if self._blobs is not None:
            self._blobs.close()
            self._blobs = None

    def base(self, revision: str) -> Base:
        """Return the commit that a user's word means.

        `REV` and `REV...` mean the commit where the current branch left REV (their merge base): what
        others have done on REV since is no change of this branch. `REV..` means REV itself. Raises
        InputError for what names no commit.
        """
        itself = revision.endswith("..") and not revision.endswith("...")
        word = revision.removesuffix("...") if not itself else revision[:-2]
        commit = self._commit(word)
        if commit is None:
            raise self._unknown(word)
        head = self._commit("HEAD")
        if itself or head is None:
            return Base(revision, commit, is_merge_base=False)
        found = self._run("merge-base", commit, head)
        if found.returncode != 0 or not found.stdout.strip():
            advice = f"write {word}.. to compare with {word} itself"
            if self._is_shallow():
                advice = f"the clone is shallow: fetch more of its history, or {advice}"
            raise InputError(f"{word} and the current branch have no common ancestor", help=advice)
        return Base(revision, found.stdout.split()[0].decode(), is_merge_base=True)

    def changed(self, base: Base, named: Sequence[str], *, respect_gitignore: bool) -> list[ChangedFile]:
        """Return the files that differ between the base and the work tree, those that git does not
        track among them. `named` are files that count even where git ignores them."""
        options = ("--raw", "-z", "-M", "-l1000", "--no-abbrev", "--no-color", "--no-ext-diff")
        more = ("--no-textconv", "--ignore-submodules=dirty", base.commit, "--")
        raw = self._checked(*self._without_filters(), "diff", *options, *more)
        found = _changes(raw)
        listing = ["ls-files", "-o", "-z"]
        names = self._checked(*listing, *(["--exclude-standard"] if respect_gitignore else []))
        others = os.fsdecode(names).split("\0")
        if named and respect_gitignore:
            others += os.fsdecode(self._checked(*listing, "--", *named)).split("\0")
        for name in dict.fromkeys(others):
            if name:
                found.append(ChangedFile(name.rstrip("/"), None, None, is_submodule=name.endswith("/")))
        return self._moved(found)

    def _moved(self, files: list[ChangedFile]) -> list[ChangedFile]:
        """Return the files with those paired that were moved without telling git: one that is gone, and
        one that git does not track and that has most of its lines."""
        gone = [one for one in files if one.path is None and one.blob is not None]
        fresh = [one for one in files if one.old_path is None and one.path and not one.is_submodule]
        if not gone or not fresh or len(gone) * len(fresh) > _MOST_PAIRS:
            return files
        lines: dict[ChangedFile, Counter[bytes]] = {}
        for one in (*gone, *fresh):
            data = self._content(one)
            if data:
                lines[one] = Counter(data.splitlines())
        likeness = []
        for old in gone:
            for new in fresh:
                if old in lines and new in lines:
                    shared = (lines[old] & lines[new]).total()
                    share = shared / max(lines[old].total(), lines[new].total())
                    # Two small policies are alike in all but what matters.
                    is_known = shared >= _ENOUGH_LINES or _name_of(old.old_path) == _name_of(new.path)
                    if share == 1 or (share >= _ALIKE and is_known):
                        likeness.append((-share, old.old_path or "", new.path or "", old, new))
        taken: set[ChangedFile] = set()
        for *_, old, new in sorted(likeness, key=lambda one: one[:3]):
            if old not in taken and new not in taken:
                taken |= {old, new}
                files = [one for one in files if one is not old and one is not new]
                files.append(ChangedFile(new.path, old.old_path, old.blob))
        return files

    def _content(self, file: ChangedFile) -> bytes | None:
        """Return what a file that is on one side only holds there; None for what is too long to compare."""
        try:
            if file.path is None:
                data = self.blob(file.blob or "")
            else:
                path = os.path.join(self.root, *file.path.split("/"))
                if not stat.S_ISREG(os.lstat(path).st_mode) or os.path.realpath(path) != path:
                    return None
                with open(path, "rb") as stream:
                    data = stream.read(_LONGEST + 1)
        except (OSError, ValueError, UnreadableBlobError):
            return None
        return data if len(data) <= _LONGEST else None

    def tree(self, base: Base) -> dict[str, str]:
        """Return the regular files of the base: path, and git's name of the content."""
        files = {}
        listed = self._checked("ls-tree", "-r", "-z", "--full-tree", base.commit)
        for line in os.fsdecode(listed).split("\0"):
            facts, _, name = line.partition("\t")
            if facts.startswith("100"):
                files[name] = facts.split(" ")[2]
        return files

    def blob(self, name: str) -> bytes:
        """Return the content that git knows under a name. Raises UnreadableBlobError."""
        if self._blobs is None:
            self._blobs = _Blobs([*self._command, "cat-file", "--batch"], self.root, self._environment)
        return self._blobs.read(name)

    def _commit(self, word: str) -> str | None:
        # A word with a hyphen at its start would be an option.
        if not word or word.startswith("-") or "\0" in word or "\n" in word:
            return None
        found = self._run("rev-parse", "--verify", "--quiet", f"{word}^{{commit}}")
        if found.returncode == 128 and b"dubious ownership" in found.stderr:
            # The user's settings are cut off; whom the user trusts is the one that counts all the same.
            self._command += self._trusted()
            found = self._run("rev-parse", "--verify", "--quiet", f"{word}^{{commit}}")
        if found.returncode == 128 and b"dubious ownership" in found.stderr:
            raise InputError(
                f"git refuses {self.root}: it belongs to another user",
                help=f"trust it: git config --global --add safe.directory {self.root}",
            )
        name = found.stdout.strip().decode("ascii", "replace")
        return name if found.returncode == 0 and re.fullmatch("[0-9a-f]{40,64}", name) else None

    def _trusted(self) -> list[str]:
        """Return the options that name the folders which the user's settings, and the machine's, trust."""
        options: list[str] = []
        environment = {
            name: value
            for name, value in self._environment.items()
            if name not in {"GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_WORK_TREE"}
        }
        for name in ("HOME", "XDG_CONFIG_HOME", "USERPROFILE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            if name in os.environ:
                environment[name] = os.environ[name]
        for scope in ("--system", "--global"):
            listed = self._run(
                "config", scope, "--no-includes", "-z", "--get-all", "safe.directory", environment=environment
            )
            if listed.returncode == 0:
                for folder in os.fsdecode(listed.stdout).split("\0")[:-1][:_MOST_TRUSTED]:
                    options += ["-c", f"safe.directory={folder}"]
        return options

    def _unknown(self, word: str) -> InputError:
        if self._run("rev-parse", "--git-dir").returncode != 0:
            return InputError(f"{self.root}: git finds no repository that it can read here")
        listed = self._run("for-each-ref", f"--count={_MOST_NAMES}", "--format=%(refname:short)")
        names = os.fsdecode(listed.stdout).splitlines()
        remote = next((name for name in names if name.endswith(f"/{word}")), None)
        found = remote or nearest(word, names)
        advice = f"did you mean {found!r}?" if found else ""
        if not found and self._is_shallow():
            advice = "the clone is shallow: fetch the revision first, or clone with the whole history"
        return InputError(f"there is no revision {word!r}", help=advice)

    def _is_shallow(self) -> bool:
        return self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"

    def _without_filters(self) -> list[str]:
        """Return the options that empty every filter which the repository's settings define: git would
        run them over the files of the work tree."""
        listed = self._run("config", "-z", "--name-only", "--get-regexp", r"^filter\.")
        options: list[str] = []
        for name in dict.fromkeys(os.fsdecode(listed.stdout).split("\0")):
            driver = name.rpartition(".")[0]
            if not driver.startswith("filter."):
                continue
            if "=" in driver:
                raise InputError("the settings of the repository define a filter whose name has a '='")
            for key, value in (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")):
                options += ["-c", f"{driver}.{key}={value}"]
        return options

    def _run(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        import subprocess

        try:
            return subprocess.run(  # noqa: S603 -- an absolute program, no shell, no word as an option
                [*self._command, *arguments],
                cwd=self.root,
                env=environment or self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise InputError(f"git cannot be run: {error}") from error

    def _checked(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode != 0:
            reason = os.fsdecode(done.stderr).strip().splitlines()
            raise InputError(f"git failed: {reason[-1] if reason else f'exit code {done.returncode}'}")
        return done.stdout


def _name_of(path: str | None) -> str:
    return (path or "").rpartition("/")[2]


def _changes(raw: bytes) -> list[ChangedFile]:
    """Return the changes of git's raw format: `:mode mode id id status` NUL path NUL [path NUL]."""
    words = iter(os.fsdecode(raw).split("\0"))
    found: dict[tuple[str | None, str | None], ChangedFile] = {}
    unmerged = []
    for facts in words:
        if not facts:
            continue
        old_mode, new_mode, blob, _, status = facts[1:].split(" ")
        old_path = path = next(words)
        if status[0] in "RC":
            path = next(words)
        if status[0] == "U":
            unmerged.append(path)
            continue
        if _SUBMODULE in (old_mode, new_mode):
            found[path, None] = ChangedFile(path, None, None, is_submodule=True)
            continue
        before = old_path if old_mode.startswith("100") and status[0] != "C" else None
        after = path if new_mode.startswith("100") else None
        if before is not None or after is not None:
            found[after, before] = ChangedFile(after, before, blob if before is not None else None)
    known = {one.path for one in found.values()} | {one.old_path for one in found.values()}
    # A file in conflict that git shows in no other line has no old side that it would name.
    return [*found.values(), *(ChangedFile(path, None, None) for path in unmerged if path not in known)]


class _Blobs:
    """One process of git that answers with the content of one name after the other."""

    def __init__(self, command: Sequence[str], root: str, environment: Mapping[str, str]) -> None:
        import subprocess
        import threading

        try:
            self._process = subprocess.Popen(  # noqa: S603 -- as above
                command,
                cwd=root,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise InputError(f"git cannot be run: {error}") from error
        # A pipe in the place of an object would make git wait for ever.
        self._clock = threading.Timer(_SECONDS, self._process.kill)
        self._clock.daemon = True
        self._clock.start()

    def close(self) -> None:
        self._clock.cancel()
        self._process.kill()
        self._process.communicate()

    def read(self, name: str) -> bytes:
        given, taken = self._process.stdin, self._process.stdout
        assert given is not None
        assert taken is not None
        try:
            given.write(name.encode("ascii") + b"\n")
            given.flush()
            facts = taken.readline().split()
        except (OSError, ValueError) as error:
            raise UnreadableBlobError("git did not answer") from error
        if len(facts) != 3 or facts[1] != b"blob":
            missing = bool(facts) and facts[-1] == b"missing"
            raise UnreadableBlobError(
                "its old content is not in this clone" if missing else "git did not answer"
            )
        size = int(facts[2])
        if size > LARGEST_FILE:
            left = size + 1
            while left and (part := taken.read(min(left, 1 << 20))):
                left -= len(part)
            limit = LARGEST_FILE // (1024 * 1024)
            raise UnreadableBlobError(f"its old content has {size:,} bytes; over {limit} MiB is not read")
        data = taken.read(size + 1)
        if len(data) != size + 1:
            raise UnreadableBlobError("git did not answer")
        return data[:-1]
