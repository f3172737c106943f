"""Render a comment as GitHub does: GitHub's own renderer, with a similar style sheet for screenshots."""

from __future__ import annotations

import re

import cmarkgfm

from standin.state import Comment

_PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{author}</title><style>
body {{ font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; color: #1f2328; margin: 24px; }}
article {{ border: 1px solid #d1d9e0; border-radius: 6px; max-width: 1010px; }}
header {{ background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e; }}
main {{ padding: 4px 16px 16px; }}
h3 {{ font-size: 1.25em; margin: 16px 0; }}
table {{ border-collapse: collapse; display: block; overflow: auto; margin-bottom: 16px; }}
th, td {{ border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; }}
tr:nth-child(2n) {{ background: #f6f8fa; }}
code {{ background: #818b981f; border-radius: 6px; padding: .2em .4em; font: 85% ui-monospace, "Liberation Mono", monospace; }}
pre.mermaid {{ background: none; text-align: center; }}
blockquote {{ border-left: .25em solid #d1d9e0; color: #59636e; margin: 0 0 16px; padding: 0 1em; }}
summary {{ cursor: pointer; }} sub {{ font-size: 12px; color: #59636e; }} a {{ color: #0969da; }}
</style></head><body><article><header><b>{author}</b> commented</header><main>
{body}
</main></article></body></html>
"""


def render(comment: Comment) -> str:
    """Return the whole HTML page; a Mermaid chart stays a block for Mermaid, as on GitHub."""
    options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE  # as GitHub: it filters tags, and does not escape them
    body = cmarkgfm.github_flavored_markdown_to_html(comment.body, options)
    body = re.sub(
        r'<pre lang="mermaid"><code>(.*?)</code></pre>', r'<pre class="mermaid">\1</pre>', body, flags=re.DOTALL
    )
    return _PAGE.format(author=comment.author, body=body)
