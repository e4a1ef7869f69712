"""Refusals of a lead that a shut gate keeps where it is; for the mutations of schema/leads.py."""

from domain import sop
from schema.refusals import shown

GateProposalRequired = shown(
    sop.GateProposalRequired,
    id="The lead.",
    stage="The stage it does not get past: store a file of the kind PROPOSAL, or ask for an exception.",
)
GateActionsRequired = shown(
    sop.GateActionsRequired,
    id="The lead.",
    stage="The stage it does not get past.",
    missing="Keys of the standard actions that are still to be done.",
)
GATES = (GateProposalRequired, GateActionsRequired)
