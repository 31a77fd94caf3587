"""The kinds of things that people are told, in plain words, and how each reaches a mailbox until somebody says otherwise."""

from dataclasses import dataclass

from accounts.models import NotificationSetting

AT_ONCE, DAILY, NEVER = NotificationSetting.Mail.AT_ONCE, NotificationSetting.Mail.DAILY, NotificationSetting.Mail.NEVER


@dataclass(frozen=True)
class Kind:
    """One kind.

    name   as rows bear it
    topic  under which the settings page lists it
    mail   how it is mailed unless the person chose otherwise
    fixed  whether nobody chooses: it is about the safety of an account or a record
    ways   what one may choose between
    """

    name: str
    topic: str
    title: str
    about: str
    mail: str
    fixed: bool = False
    ways: tuple[str, ...] = (AT_ONCE, DAILY, NEVER)


_ALL = [
    Kind("assignment_given", "Scoring", "You are asked to rate", "A lead assigns you in a review.", AT_ONCE),
    Kind("assignment_due", "Scoring", "Your ratings are due", "Three days before the day, on it, and after it.", DAILY),
    Kind("scoring_done", "Scoring", "Everyone has scored", "In a review that you lead.", AT_ONCE),
    Kind("ratings_revealed", "Scoring", "Ratings are revealed", "A review that you rate in is revealed.", DAILY),
    Kind("step_open", "Approval", "A submission waits for your signature", "A step of its route opens.", AT_ONCE),
    Kind("step_reminder", "Approval", "A signature is due", "A step that waits for you is due soon or late.", AT_ONCE),
    Kind(
        "step_reassigned", "Approval", "A step goes to somebody else", "From you, to you, or in your review.", AT_ONCE
    ),
    Kind("step_stuck", "Approval", "Nobody can sign a step", "An open one of a review that you lead.", AT_ONCE),
    Kind("delegated", "Approval", "Signing in another's place", "Somebody delegates to you, or ends it.", AT_ONCE),
    Kind("question_asked", "Approval", "A signer asks a question", "About a review that you lead.", AT_ONCE),
    Kind("question_answered", "Approval", "Your question is answered", "A lead answers what you asked.", AT_ONCE),
    Kind("review_returned", "Approval", "A review is returned", "One that you lead or have signed.", AT_ONCE),
    Kind("review_rejected", "Approval", "A review is rejected", "One that you lead or have signed.", AT_ONCE),
    Kind("review_withdrawn", "Approval", "A review is withdrawn", "One that you rate in or were to sign.", DAILY),
    Kind("signed", "Approval", "Somebody signed", "A review that you lead, or in your place.", DAILY),
    Kind("decision_made", "Decisions", "A decision is made", "On a review that you lead, rated or signed.", AT_ONCE),
    Kind("decision_amended", "Decisions", "A proposed decision is amended", "You lead it or had signed it.", AT_ONCE),
    Kind("decision_weaker", "Decisions", "A decision grows weaker", "One that you lead or signed.", DAILY),
    Kind("decision_no_longer_holds", "Decisions", "A decision no longer holds", "You lead or signed it.", AT_ONCE),
    Kind("decision_holds_again", "Decisions", "A decision holds again", "One that you lead or signed.", DAILY),
    Kind("tripwire_fired", "Decisions", "A tripwire is crossed", "One that you own, lead or signed.", AT_ONCE),
    Kind("condition_assigned", "Conditions", "A condition is yours", "You become the owner of a condition.", AT_ONCE),
    Kind("condition_handed_over", "Conditions", "A condition goes to somebody else", "One that you owned.", AT_ONCE),
    Kind("condition_owner_left", "Conditions", "A condition's owner is gone", "Of a review that you lead.", AT_ONCE),
    Kind("condition_due", "Conditions", "A condition is due soon", "One that you own.", DAILY),
    Kind("condition_overdue", "Conditions", "A condition is overdue", "One that you own or lead.", AT_ONCE),
    Kind("evidence_expired", "Conditions", "Evidence is no longer valid", "Of a condition that you own.", DAILY),
    Kind("condition_done", "Conditions", "A condition is met", "Of a review that you lead.", DAILY),
    Kind("role_changed", "Your account", "Your roles change", "An admin gives or takes a role.", DAILY),
    Kind("lead_appointed", "Your account", "You lead a program", "An admin appoints you, or ends it.", AT_ONCE),
    Kind("report_failed", "Your account", "A report could not be made", "One that you asked for.", AT_ONCE),
    Kind(
        "waiting",
        "Daily summary",
        "What waits for you",
        "Listed in the summary on days on which something is new, due or late.",
        DAILY,
        ways=(DAILY, NEVER),
    ),
    Kind(
        "signing_locked", "Security", "Signing is locked", "After wrong passwords; admins are told too.", AT_ONCE, True
    ),
    Kind("sign_in_locked", "Security", "Sign-in is locked", "After wrong codes; admins are told too.", AT_ONCE, True),
    Kind("integrity_failed", "Security", "A check of records failed", "For admins and auditors.", AT_ONCE, True),
]
KINDS = {kind.name: kind for kind in _ALL}
TOPICS = tuple(dict.fromkeys(kind.topic for kind in _ALL if kind.name != "waiting"))  # of what is told one by one


def kind_named(name: str) -> Kind:
    """Raises LookupError for a kind that is not in the list above."""
    try:
        return KINDS[name]
    except KeyError:
        raise LookupError(f"There is no kind of notification {name!r}; accounts/kinds.py lists them.") from None
