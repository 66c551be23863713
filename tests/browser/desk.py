"""What one person at one screen has: a browser of their own, and everything it said while it was used."""

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Page

SPEAKS = (
    "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
)


@dataclass
class Desk:
    """What one browser said while it was used: reports of the policy, errors of the page, dialogs that opened."""

    context: BrowserContext
    page: Page
    heard: list[str] = field(default_factory=list)

    def go(self, url: str, token: str, path: str = "") -> None:
        """Sign in by the link, then to a page of the board."""
        self.page.goto(f"{url}/#token={token}")
        self.page.wait_for_selector("nav")
        if path:
            self.page.evaluate("path => { location.hash = path }", path)


Sit = Callable[..., Desk]
