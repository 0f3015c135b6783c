"""Files as people write them, with the changes of `add`.

⟦ and ⟧ enclose the new text in the file, ⟪ and ⟫ the empty value that it replaces.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class File(NamedTuple):
    """A file to add the package `new` to.

    Attributes:
        reason: The special feature of the file, or the rule that it shows.
        marked: Its text with the change in marks.
    """

    reason: str
    marked: str

    @property
    def before(self) -> str:
        return re.sub("⟦.*?⟧", "", self.marked, flags=re.DOTALL).translate({0x27EA: "", 0x27EB: ""})

    @property
    def after(self) -> str:
        return re.sub("⟪.*?⟫", "", self.marked, flags=re.DOTALL).translate({0x27E6: "", 0x27E7: ""})


BLOCK = {
    "comment-behind-an-entry": File(
        "the comment stays on its line",
        """\
# Values of our staging cluster.
devcache:
  packages:
    network: {path: ../network}   # built by make
⟦    new:
      path: new
⟧
crossplane:
  replicas: 1
""",
    ),
    "comments-between-entries": File(
        "comments between entries stay between them",
        """\
devcache:
  packages:
    # the network
    network:
      path: ../network

    # the platform, which
    # needs the network
    platform:
      path: ../platform
⟦    new:
      path: new
⟧""",
    ),
    "comments-of-the-last-entry": File(
        "a comment that is indented more than the names belongs to the entry above it",
        """\
devcache:
  packages:
    network:
      path: ../network
      # package: xpkg.example.org/acme/network:v1.0.0

      # runtimeImage: example.org/x:v1
⟦    new:
      path: new
⟧""",
    ),
    "comment-where-names-stand": File(
        "a comment in the column of the names may belong to the next entry",
        """\
devcache:
  packages:
    network:
      path: ../network
⟦    new:
      path: new
⟧    # platform:
    #   path: ../platform
  live: {enabled: true}
""",
    ),
    "comments-of-the-next-key": File(
        "a comment above the next key stays with it",
        """\
devcache:
  packages:
    network:
      path: ../network
⟦    new:
      path: new
⟧
  # Live mode.
  live:
    enabled: true

# Crossplane itself.
crossplane: {}
""",
    ),
    "comments-deeper-then-higher": File(
        "the first comment with less indentation ends the entry",
        """\
devcache:
  packages:
    network:
      path: ../network
      # of the network
⟦    new:
      path: new
⟧  # of live
      # of live, too
  live: {}
""",
    ),
    "comment-behind-packages": File(
        "the comment behind the key stays there",
        """\
devcache:   # ours
  packages: # from disk
    network: {path: ../network}
⟦    new:
      path: new
⟧""",
    ),
    "comment-with-tabs": File(
        "tabs in and before comments, within text, and on a line of blanks",
        """\
other: a\tb
  \t
devcache:\t# ours
  packages:\t#\tfrom disk
    network: {path: ../network}\t# tab
⟦    new:
      path: new
⟧""",
    ),
    "comment-that-looks-like-a-package": File(
        "a key in a comment is not a key",
        """\
devcache:
  # packages:
  #   old: {path: x}
  packages:
    # new: {path: other}
    network: {path: "#not-a-comment"} # new: {}
⟦    new:
      path: new
⟧""",
    ),
    "footer": File(
        "the modeline of an editor stays the last line",
        """\
crossplane:
  replicas: 1
⟦devcache:
  packages:
    new:
      path: new
⟧
# vim: set ft=yaml:
""",
    ),
    "wide-indents": File(
        "the indentation of the file applies",
        """\
devcache:
    packages:
        network:
            path: ../network
⟦        new:
          path: new
⟧    offline: true
""",
    ),
    "one-column": File(
        "an indentation of one column",
        """\
devcache:
 packages:
  network:
   path: ../network
⟦  new:
    path: new
⟧ offline: true
""",
    ),
    "mixed-indents": File(
        "each mapping has a different indentation",
        """\
crossplane:
      args:
      - --debug
devcache:
   packages:
           network:
            path: ../network
           platform:
                path: ../platform
⟦           new:
             path: new
⟧   offline: true
""",
    ),
    "list-under-its-key": File(
        "lists may begin in the column of their key",
        """\
crossplane:
  args:
  - --debug
  - --enable-usages
⟦devcache:
  packages:
    new:
      path: new
⟧""",
    ),
    "list-in-the-last-entry": File(
        "the last entry ends with a list under its key",
        """\
devcache:
  packages:
    network:
      path: ../network
      extra:
      - a
      - b: c
        d:
        - e
⟦    new:
      path: new
⟧  offline: true
""",
    ),
    "blank-lines": File(
        "blank lines, even with blanks, stay above the next key",
        """\
devcache:

  packages:

    network:

      path: ../network
⟦    new:
      path: new
⟧
\x20\x20\x20

  offline: true
""",
    ),
    "trailing-blanks": File(
        "blanks at the ends of lines",
        "devcache:  \n  packages: \n    a: {b: c}   \n⟦    new:\n      path: new\n⟧  \na: b \n",
    ),
    "quoted-keys": File(
        "keys may be quoted",
        """\
"devcache":
  'packages':
    "network": {'path': "../network"}
⟦    new:
      path: new
⟧""",
    ),
    "quoted-values": File(
        "quoted text over several lines that looks like a comment, a key and an end",
        """\
crossplane:
  note: "one # two
    devcache: {}
    packages:

    three"
  other: 'it''s
    ...'
devcache:
  packages:
    network: {path: "x\\
      y"}
⟦    new:
      path: new
⟧""",
    ),
    "long-lines": File(
        "no line is folded",
        f"""\
crossplane:
  note: {"word " * 60}end
  args: [{", ".join(f"--flag-{number}" for number in range(40))}]
devcache:
  packages:
    network: {{path: /{"long/" * 50}network}}  # {"why " * 50}
⟦    new:
      path: new
⟧""",
    ),
    "folded-plain-text": File(
        "plain text over several lines",
        """\
crossplane:
  note: one
    two

    three
devcache:
  packages:
    network:
      path: ../network
        of us
⟦    new:
      path: new
⟧  offline: true
""",
    ),
    "literal-text": File(
        "a block scalar elsewhere that looks like packages, with tabs",
        """\
crossplane:
  script: |
    devcache:
      packages: {}
    \tmake all  # no comment

  text: >-

    folded
     more

devcache:
  packages:
    network: {path: ../network}
⟦    new:
      path: new
⟧""",
    ),
    "literal-text-behind-a-blank-line": File(
        "a block scalar that begins with a line of blanks",
        "a: |\n   \n      text\ndevcache:\n  packages:\n    b: {}\n⟦    new:\n      path: new\n⟧",
    ),
    "literal-text-last": File(
        "a block scalar ends the last entry",
        """\
devcache:
  packages:
    network:
      path: ../network
      note: |
        text
        # of the text
⟦    new:
      path: new
⟧  # of live
  live: {}
""",
    ),
    "literal-text-with-its-last-line-breaks": File(
        "the line breaks at the end of |+ are part of the text",
        """\
devcache:
  packages:
    network:
      note: |+
        text


      # of the network
⟦    new:
      path: new
⟧  # of live
  live: {}
""",
    ),
    "stripped-text-without-a-last-line-break": File(
        "|- drops the last line break, so the line may get a line break",
        "devcache:\n  packages:\n    a:\n      b: |-\n        c⟦\n    new:\n      path: new\n⟧",
    ),
    "no-last-line-break": File(
        "the last line gets a line break",
        "devcache:\n  packages:\n    network:\n      path: x⟦\n    new:\n      path: new\n⟧",
    ),
    "comment-without-a-line-break": File(
        "the last line is a comment of the last entry",
        "devcache:\n  packages:\n    a:\n      b: c\n      # d⟦\n    new:\n      path: new\n⟧",
    ),
    "flow-entries": File(
        "entries in flow style, over several lines",
        """\
devcache:
  packages:
    network: {
      path: ../network,  # there
      # more
    }  # end
⟦    new:
      path: new
⟧""",
    ),
    "null-entries": File(
        "entries without a value",
        """\
devcache:
  packages:
    network:
    platform: ~
    fleet:  # removed
⟦    new:
      path: new
⟧    # or not
  offline: false
""",
    ),
    "null-of-that-name": File(
        "the package replaces a null with its name",
        """\
devcache:
  packages:
    new:⟪ null⟫  # back again
⟦      path: new
⟧    network: {path: ../network}
""",
    ),
    "anchors-elsewhere": File(
        "anchors, aliases and merge keys outside of the packages",
        """\
defaults: &defaults
  cpu: 100m
crossplane:
  resourcesCrossplane:
    limits: *defaults
    requests: {<<: *defaults, memory: &memory 1Gi}
devcache:
  packages:
    network: {path: ../network}
⟦    new:
      path: new
⟧  memory: *memory
""",
    ),
    "merge-keys-above": File(
        "a key of a mapping overrides the same key of a merged mapping",
        """\
defaults: &defaults {devcache: {packages: {old: {path: x}}}}
<<: *defaults
devcache:
  <<: {offline: true}
  packages:
    network: {path: ../network}
⟦    new:
      path: new
⟧""",
    ),
    "anchors-in-packages": File(
        "anchors in packages without an alias there",
        """\
devcache: &devcache
  packages: &packages  # ours
    network: &network
      path: &path ../network
⟦    new:
      path: new
⟧copy: *path
""",
    ),
    "tags": File(
        "tags on the mappings",
        """\
devcache: !!map
  packages: !!map &packages
    network: !!map {path: !!str ../network}
⟦    new:
      path: new
⟧""",
    ),
    "question-marks": File(
        "keys after question marks",
        """\
? devcache
: ? packages
  : ? network
    : path: ../network
⟦    new:
      path: new
⟧  offline: true
""",
    ),
    "question-marks-before-other-keys": File(
        "a key may be a list, a mapping, or text over several lines",
        """\
? [a, b]  # two
: c
? {d: e}
? - f
  - g
: - h
devcache:
  ? |
   text
  : i
  ? >-
    packages
  # from disk
  : ? &j "network"  # k
    : path: ../network
⟦    new:
      path: new
⟧  offline: true
""",
    ),
    "question-mark-before-nothing": File(
        "an empty value whose colon is on a separate line",
        """\
? devcache  # a: b
:
⟦  packages:
    new:
      path: new
⟧other: 1
""",
    ),
    "document-markers": File(
        "one document between its markers, with a directive",
        """\
# before
%YAML 1.1
--- # ours
devcache:
  packages:
    network: {path: ../network}
⟦    new:
      path: new
⟧...
# behind
""",
    ),
    "devcache-document": File(
        "a DevCache document",
        """\
apiVersion: crossplane-devcache/v1alpha1
kind: DevCache
metadata:
  name: ours
spec:
  offline: true  # no registry
⟦  packages:
    new:
      path: new
⟧""",
    ),
    "umbrella-chart": File(
        "values of an umbrella chart",
        """\
devcache:
  packages: {not: these}
crossplane-devcache:
  devcache:
    packages:
      network: {path: ../network}
⟦      new:
        path: new
⟧global: {}
""",
    ),
    "other-words": File(
        "words, numbers and dates stay as they are written",
        """\
a: [yes, No, ON, 0o17, 017, 1_000, 1e3, 1:30, .5, 0x1F, 2001-01-01, =, ~, Null]
devcache:
  packages:
    1: {path: 0777}
    on: {path: off}
⟦    new:
      path: new
⟧""",
    ),
    "other-letters": File(
        "letters of all planes of Unicode",
        """\
straße: "\U0001f680"  # Größe: 漢字
devcache:
  packages:
    größe: {path: 漢字}
⟦    new:
      path: new
⟧""",
    ),
}
"""Files in which the package gets new lines."""

EMPTY = {
    "empty": File("nothing", "⟦devcache:\n  packages:\n    new:\n      path: new\n⟧"),
    "comments-alone": File(
        "comments and no document",
        "# mine\n\n  # more\n⟦devcache:\n  packages:\n    new:\n      path: new\n⟧",
    ),
    "comment-alone-without-a-line-break": File(
        "a comment and no line break",
        "# mine⟦\ndevcache:\n  packages:\n    new:\n      path: new\n⟧",
    ),
    "markers-alone": File(
        "an empty document between its markers",
        "---\n# mine\n⟦devcache:\n  packages:\n    new:\n      path: new\n⟧...\n# end\n",
    ),
    "markers-and-a-directive": File(
        "blank lines above the end of an empty document",
        "%YAML 1.1\n---\n\n  # mine\n\n⟦devcache:\n  packages:\n    new:\n      path: new\n⟧...",
    ),
    "marker-alone": File(
        "an empty document behind its marker",
        "--- # mine⟦\ndevcache:\n  packages:\n    new:\n      path: new\n⟧",
    ),
    "packages-without-a-value": File(
        "comments with more indentation below an empty key belong to it",
        """\
devcache:
  packages:  # from disk
    # network: {path: ../network}

    # platform: {path: ../platform}
⟦    new:
      path: new
⟧
  # of live
  live: {}
""",
    ),
    "packages-null": File(
        "the packages replace null",
        "devcache:\n  packages:⟪ null⟫ # none\n⟦    new:\n      path: new\n⟧  live: {}\n",
    ),
    "packages-tilde": File(
        "the packages replace ~, and the last line gets a line break",
        "devcache:\n  packages:⟪  ~⟫⟦\n    new:\n      path: new\n⟧",
    ),
    "packages-empty": File(
        "the packages replace empty braces",
        "devcache:\n  packages:⟪ { }⟫  # none\n⟦    new:\n      path: new\n⟧  # more\n  live: {}\n",
    ),
    "packages-empty-with-an-anchor": File(
        "an anchor and a tag stay",
        "devcache:\n  packages: &p !!map⟪ {}⟫  # none\n⟦    new:\n      path: new\n⟧",
    ),
    "devcache-without-a-value": File(
        "the whole section is empty",
        "devcache:\n⟦  packages:\n    new:\n      path: new\n⟧other: {}\n",
    ),
    "devcache-empty": File(
        "the whole section is empty braces, in an umbrella chart",
        """\
crossplane-devcache:⟪ {}⟫
⟦  devcache:
    packages:
      new:
        path: new
⟧a: b
""",
    ),
}
"""Files without packages, in which the package gets new lines."""

JSON = '"new": {"path": "new"}'

FLOW = {
    "flow": File(
        "packages in flow style",
        f"devcache: {{packages: {{network: {{path: x}}⟦, {JSON}⟧}}}}  # ours\n",
    ),
    "flow-over-lines": File(
        "braces over several lines, comments and a comma behind the last entry",
        f"""\
devcache:
  packages: {{
    # the network
    network: {{path: ../network}},
    platform: {{path: ../platform}}⟦, {JSON}⟧,  # last
    # no more
  }}
  offline: true
""",
    ),
    "flow-null-entry": File(
        "a last entry without a value",
        f"devcache: {{packages: {{network:⟦ , {JSON}⟧ }}}}\n",
    ),
    "json": File(
        "a file of JSON",
        f"""\
{{
  "crossplane": {{"replicas": 1}},
  "devcache": {{
    "packages": {{
      "network": {{"path": "../network"}}⟦, {JSON}⟧
    }}
  }}
}}
""",
    ),
    "flow-without-packages": File(
        "a section in flow style without packages",
        f'devcache: {{offline: true⟦, "packages": {{{JSON}}}⟧}}\n',
    ),
    "flow-empty-packages": File(
        "empty packages in flow style",
        f"devcache: {{packages: {{⟦{JSON}⟧}}, offline: true}}\n",
    ),
    "flow-null-packages": File(
        "null packages in flow style",
        f"devcache: {{packages: ⟪null⟫⟦{{{JSON}}}⟧, offline: true}}\n",
    ),
    "flow-packages-without-a-value": File(
        "packages without a value in flow style, with an anchor",
        f"devcache: {{offline: true, packages: &p⟦ {{{JSON}}}⟧ }}\n",
    ),
    "braces-with-a-comment": File(
        "a comment in empty braces stays",
        f"devcache:\n  packages: {{ # none yet\n  ⟦{JSON}⟧}}\n",
    ),
    "braces-below-their-key": File(
        "empty braces on another line than their key",
        f"devcache:\n  packages:  # none yet\n    {{⟦{JSON}⟧}}\n",
    ),
    "null-below-its-key": File(
        "null on another line than its key",
        f"devcache:\n  packages:\n    # none yet\n    ⟪null⟫⟦{{{JSON}}}⟧  # really\n",
    ),
    "braces-alone": File(
        "a root of empty braces, as in values files without values",
        f'{{⟦"devcache": {{"packages": {{{JSON}}}}}⟧}}  # none\n',
    ),
    "braces-alone-with-an-anchor": File(
        "an anchor, a tag and a comment at the beginning of the file stay",
        f'&all !!map {{ # none\n⟦"devcache": {{"packages": {{{JSON}}}}}⟧}}\n',
    ),
    "braces-behind-a-marker": File(
        "so they do behind a marker",
        f'--- # ours\n&all {{⟦"devcache": {{"packages": {{{JSON}}}}}⟧}}\n...\n',
    ),
    "marker-and-null": File(
        "an explicit null document",
        f'--- ⟪null⟫⟦{{"devcache": {{"packages": {{{JSON}}}}}}}⟧\n',
    ),
}
"""Files in which the package becomes part of a line, as JSON, which is YAML in flow style."""

FILES = BLOCK | EMPTY | FLOW
