"""Which sets the shipped weights may learn from, and why; nothing else may be trained on.

The rule: the licence stated by a set's authors allows commercial use with attribution. What is non-commercial,
for research only, without a stated licence, or made of copyrighted news or television text serves evaluation only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceSet:
    """A training set: its folder and name in the data, licence, whether it is used and how often per epoch.

    `share` is the expected number of times a row is seen in one epoch; 0 when the set is not used, with `why`.
    """

    name: str
    licence: str
    share: float
    why: str = ""

    @property
    def used(self) -> bool:
        """Whether the shipped weights learn from it."""
        return self.share > 0


QA_SETS = (
    SourceSet("squad/dev-v1.1", "CC BY-SA 4.0", 1.0, "36 of 48 articles; the last 12 by title are held out"),
    SourceSet("squad/dev-v2.0", "CC BY-SA 4.0", 3.0, "unanswerable questions of the same 36 articles"),
    SourceSet("qa/squad11_train_44articles.train", "CC BY-SA 4.0", 1.0),
    SourceSet("qa/squad_flan_subset.train", "CC BY-SA 4.0", 1.0),
    SourceSet("qa/constructed_unanswerable_squad44.train", "CC BY-SA 4.0", 0.4),
    SourceSet("qa/squadshifts_new_wiki.test", "CC BY 4.0 (dataset card)", 1.0),
    SourceSet("qa/squadshifts_reddit.test", "CC BY 4.0 (dataset card)", 0.6),
    SourceSet("qa/qed_nq.train", "CC BY-SA 3.0", 1.0, "real search queries"),
    SourceSet("qa/fairytaleqa.train", "Apache-2.0", 0.5),
    SourceSet("qa/constructed_unanswerable_fairytale.train", "Apache-2.0", 0.3),
    SourceSet("qa/qamr_wiki.dev", "MIT; text CC BY-SA", 0.15, "33 questions a sentence"),
    SourceSet("qa/sleepqa.dev", "MIT", 1.0),
    SourceSet("qa/tatqa_text.dev", "CC BY 4.0", 2.0, "annual reports"),
    SourceSet("evid/selqa.dev", "Apache-2.0", 1.5, "sentence labels only"),
    SourceSet("qa/friendsqa.dev", "Apache-2.0", 0.0, "television transcripts: the text belongs to others"),
    SourceSet("qa/bipar_en.dev", "CC BY-NC 4.0", 0.0, "non-commercial, novels under copyright"),
    SourceSet("qa/policyqa.dev", "MIT; text research only", 0.0, "the policies (OPP-115) are for research"),
    SourceSet("qa/subjqa.train", "research", 0.0, "reviews under their sites' terms"),
    SourceSet("qa/multirc_spans.train", "none stated", 0.0, "research use"),
    SourceSet("qa/sciq_part.train", "CC BY-NC 3.0", 0.0, "non-commercial"),
    SourceSet("qa/ester.train", "none stated", 0.0, "news text"),
    SourceSet("qa/molweni.test", "Apache-2.0", 0.0, "ungrammatical questions on 100 dialogues"),
    SourceSet("qa/promed_outbreak.train", "none stated", 0.0, "two template questions"),
    SourceSet("docs/meetingqa.train", "CC BY-NC-SA 4.0", 0.0, "non-commercial"),
    SourceSet("evid/dcqa.train", "none stated", 0.0, "news text"),
    SourceSet("evid/wikiqa.train", "research", 0.0, "research licence"),
    SourceSet("evid/trecqa.train", "research", 0.0, "research licence"),
    SourceSet("evid/nli4ct.train", "none stated", 0.0, "no licence"),
)

PAIR_SETS = (
    SourceSet("evid/squad_question_sentence_pairs.train", "CC BY-SA 4.0", 1.0, "questions and sentences alone"),
    SourceSet("evid/bioasq9b_question_abstract_pairs.train", "CC BY 2.5", 1.0, "questions and sentences alone"),
)

CLAIM_SETS = (
    SourceSet("nli/fever_athnlp.dev", "CC BY-SA 3.0", 1.0),
    SourceSet("nli/fool_me_twice.dev", "Apache-2.0", 1.5),
    SourceSet("nli/snli.dev", "CC BY-SA 4.0", 0.7),
    SourceSet("nli/snli_cad.train", "Apache-2.0; CC BY-SA 4.0", 1.0),
    SourceSet("nli/snli_cad.dev", "Apache-2.0; CC BY-SA 4.0", 1.0),
    SourceSet("nli/scitail.dev", "Apache-2.0", 1.5),
    SourceSet("nli/curr_drop.train", "CC BY-SA 4.0", 0.3, "long premises"),
    SourceSet("nli/citation_integrity.train", "MIT", 1.0),
    SourceSet("nli/citation_integrity.dev", "MIT", 1.0),
    SourceSet("nli/cb.train", "CC BY-SA", 1.0),
    SourceSet("nli/wice_claim_oraclechunk.dev", "ODC-BY; CC BY-SA", 1.0, "each claim about three times"),
    SourceSet("nli/wice_partial_subclaims.train", "ODC-BY; CC BY-SA", 1.0),
    SourceSet("yesno/boolq.dev", "CC BY-SA 3.0", 1.0, "questions with yes or no"),
    SourceSet("nli/conjnli_adv15k.train", "MIT", 0.15, "nearly solved by word overlap"),
    SourceSet("nli/curr_entailment_tree.train", "CC BY 4.0", 0.5, "nearly solved by word overlap"),
    SourceSet("nli/curr_lexical.train", "MIT", 0.3),
    SourceSet("nli/curr_negation.train", "MIT", 0.2, "synthetic"),
    SourceSet("nli/curr_boolean.train", "MIT", 0.1, "synthetic"),
    SourceSet("nli/curr_comparative.train", "MIT", 0.2, "synthetic"),
    SourceSet("nli/curr_conditional.train", "MIT", 0.1, "synthetic"),
    SourceSet("nli/curr_cosmoqa.train", "CC BY 4.0", 0.1, "common sense more than support"),
    SourceSet("nli/control.train", "CC BY-NC-SA 4.0", 0.0, "non-commercial"),
    SourceSet("nli/healthver.dev", "none stated", 0.0, "research"),
    SourceSet("nli/climate_fever.all", "none stated", 0.0, "research"),
    SourceSet("nli/covidfact_rte.train", "none stated", 0.0, "research"),
    SourceSet("nli/scifact_rte.train", "CC BY-NC 2.0", 0.0, "non-commercial"),
    SourceSet("nli/mctest_statements.train", "research", 0.0, "research licence"),
    SourceSet("nli/rte.train", "research", 0.0, "research"),
    SourceSet("nli/rte123_extra.train", "research", 0.0, "research"),
    SourceSet("nli/nli4ct.train", "none stated", 0.0, "no licence"),
    SourceSet("nli/sick.train", "CC BY-NC-SA 3.0", 0.0, "non-commercial"),
    SourceSet("nli/curr_kg_relations.train", "research", 0.0, "news sentences"),
    SourceSet("nli/curr_quantifier.train", "MIT", 0.0, "solved without the premise"),
    SourceSet("nli/curr_counting.train", "MIT", 0.0, "solved without the premise"),
)

CLAIM_HOLDOUTS = (
    "wice_claim_oraclechunk.test fool_me_twice.test fever_symmetric.dev healthver.test control.test "
    "qags_cnndm.test qags_xsum.test frank_cnndm.test begin_wow.dev averitec_qa.dev snli.test snli_cad.test "
    "mctest_statements.test curr_drop.dev rte.dev scitail.test conjnli.test nli4ct.test summedits_sales_call.test "
    "summedits_scitldr.test summedits_news.test summedits_samsum.test summedits_qmsumm.test"
).split()
QA_HOLDOUTS = (
    "bipar_en.test friendsqa.test fairytaleqa.val qed_nq.dev ester.dev multirc_spans.dev "
    "clapnq_unanswerable.dev hotpot_gold_sub.test narrativeqa_summary_subset.dev drop_contrast_spans.test"
).split()
HELD_OUT_SQUAD_ARTICLES = 12
