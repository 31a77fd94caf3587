"""The start page and the portfolio: everybody of the organization sees the programs that they may see, nobody else's."""

from tests.rights.rows import SIGN_IN, Row, same, signed_in

NO_POST = same(405) | {"anonymous": SIGN_IN, "deactivated": SIGN_IN}


def page(answers):
    return [Row("GET", answers, state=state) for state in ("draft", "scoring", "reconciling")] + [Row("POST", NO_POST)]


TABLE = {
    "assessments:start": page(signed_in(302)),
    "assessments:programs": page(signed_in(302)),
    "assessments:portfolio": page(signed_in(200)),
    "assessments:portfolio_state": page(signed_in(200)),
    "assessments:portfolio_export": page(signed_in(200)),
}
