"""What the right to listen rests on: session, account, roles, and the state of what is listened to.

`visible_to` decides, when a stream begins. Every fifteen seconds one query over all streams asks whether anything that
the decision rested on has moved since; where it has, the decision is taken again, and ends the stream or lets it go on.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# One row per stream whose session lives, in one statement however many streams there are.
FOOTINGS = """
SELECT asked.stream, md5(concat_ws('|', person.password, person.is_active, member.is_active,
    (SELECT string_agg(role, ',' ORDER BY role) FROM accounts_rolegrant
      WHERE membership_id = member.id AND revoked_at IS NULL),
    (SELECT string_agg(function_id::text, ',' ORDER BY function_id) FROM accounts_membershipfunction
      WHERE membership_id = member.id),
    (SELECT string_agg(concat_ws('/', giver.id, giver.is_active,
                (SELECT string_agg(role, ',' ORDER BY role) FROM accounts_rolegrant
                  WHERE membership_id = giver.id AND revoked_at IS NULL),
                (SELECT string_agg(function_id::text, ',' ORDER BY function_id) FROM accounts_membershipfunction
                  WHERE membership_id = giver.id)), ';' ORDER BY delegation.id)
       FROM assessments_delegation delegation
       JOIN accounts_membership giver ON giver.id = delegation.giver_id
       JOIN accounts_organization home ON home.id = delegation.organization_id
      WHERE delegation.taker_id = member.id AND delegation.revoked_at IS NULL
        AND (clock_timestamp() AT TIME ZONE home.time_zone)::date BETWEEN delegation.first_day AND delegation.last_day),
    (SELECT string_agg(concat_ws(':', program.id, program.restricted,
                (SELECT bool_or(is_lead) FROM assessments_programmember
                  WHERE program_id = program.id AND membership_id = member.id),
                review.id, review.state,
                (SELECT count(*) FROM assessments_assignment
                  WHERE review_id = review.id AND membership_id = member.id),
                (SELECT string_agg(concat_ws('/', party.membership_id, party.function_id, party.role), ';' ORDER BY party.id)
                   FROM assessments_approvalparty party JOIN assessments_approvalstep step ON step.id = party.step_id
                  WHERE step.review_id = review.id)), ',' ORDER BY program.id, review.id)
       FROM unnest(%(streams)s::bigint[], %(programs)s::bigint[], %(reviews)s::bigint[]) AS
                subject (stream, program, review)
       JOIN assessments_program program ON program.id = subject.program
       LEFT JOIN assessments_review review
         ON review.id = subject.review OR (subject.review = 0 AND review.program_id = program.id)
      WHERE subject.stream = asked.stream))) AS footing
  FROM unnest(%(asking)s::bigint[], %(sessions)s::text[], %(members)s::bigint[]) AS asked (stream, session, member)
  JOIN django_session session ON session.session_key = asked.session AND session.expire_date > clock_timestamp()
  JOIN accounts_membership member ON member.id = asked.member
  JOIN accounts_user person ON person.id = member.user_id
"""


@dataclass(frozen=True)
class Listener:
    """Who listens to what.

    subjects  (program id, review id) of each name that is listened to; 0 where there is none
    """

    stream: int
    session_key: str
    user_id: int
    membership_id: int
    subjects: dict[str, tuple[int, int]]


def parameters(listeners: Iterable[Listener]) -> dict[str, list]:
    """The parameters of FOOTINGS."""
    listeners = list(listeners)
    pairs = [(one.stream, *ids) for one in listeners for ids in one.subjects.values()]
    return {
        "asking": [one.stream for one in listeners],
        "sessions": [one.session_key for one in listeners],
        "members": [one.membership_id for one in listeners],
        "streams": [stream for stream, _, _ in pairs],
        "programs": [program for _, program, _ in pairs],
        "reviews": [review for _, _, review in pairs],
    }
