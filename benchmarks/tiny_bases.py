"""Tiny random base models of any architecture that transformers classifies texts with, as local folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from transformers import CONFIG_MAPPING, AutoModel, PreTrainedConfig, PreTrainedTokenizerBase, PreTrainedTokenizerFast
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES
from transformers.pytorch_utils import Conv1D

ARCHITECTURES = tuple(MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)

_WIDTH, _INNER, _LAYERS, _HEADS, _POSITIONS = 32, 64, 2, 4, 130
_HEAD_WIDTH = _WIDTH // _HEADS
_SIZES = {  # what the settings of configurations are called, and their tiny values
    **dict.fromkeys(
        ("hidden_size", "d_model", "dim", "n_embd", "emb_dim", "embedding_size", "input_embedding_size",
         "output_embedding_size", "word_embed_proj_dim", "pooler_hidden_size", "d_latents", "entity_emb_size",
         "pronunciation_embed_dim", "shape_embed_dim", "prediction_head_size", "true_hidden_size",
         "intra_bottleneck_size"), _WIDTH),
    **dict.fromkeys(
        ("intermediate_size", "d_ff", "d_inner", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "dff", "hidden_dim",
         "ffn_hidden_size", "feed_forward_size", "moe_intermediate_size", "shared_expert_intermediate_size"), _INNER),
    **dict.fromkeys(
        ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers",
         "num_decoder_layers", "num_self_attends_per_block", "depth"), _LAYERS),
    **dict.fromkeys(
        ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads",
         "num_self_attention_heads", "num_cross_attention_heads", "num_key_value_heads", "num_kv_heads",
         "num_query_groups"), _HEADS),
    **dict.fromkeys(
        ("head_dim", "d_kv", "d_head", "attention_head_size", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim",
         "linear_key_head_dim", "linear_value_head_dim", "query_pre_attn_scalar", "kv_channels"), _HEAD_WIDTH),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_seq_len"), _POSITIONS),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok",), 2),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "first_k_dense_replace"), 1),
    "num_nextn_predict_layers": 1,
    **dict.fromkeys(("kv_lora_rank", "q_lora_rank"), 16),
    **dict.fromkeys(("sliding_window", "window_size", "local_attention", "attention_window"), 16),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads"), 2),
    **dict.fromkeys(("mamba_d_state", "mamba_dt_rank"), 8),
}  # fmt: skip
_LINEAR_THEN_FULL = {"layer_types": ["linear_attention", "full_attention"]}
_STARTS_WITH_PAD = {"decoder_start_token_id": 0}
_OWN: dict[str, dict[str, Any]] = {  # what the sizes alone leave impossible or huge
    "cohere_compass_text": {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 10_000.0}}},
    "canine": {"num_hash_buckets": 512, "local_transformer_stride": 16, "downsampling_rate": 4},
    "deepseek_v2": {"num_experts_per_tok": 2, "n_group": 1, "topk_group": 1},
    "funnel": {"block_sizes": [1, 1], "architectures": ["FunnelModel"]},  # else it has two kinds of encoder
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "gptj": {"rotary_dim": 4},
    "hunyuan_v1_dense": {"head_dim": _HEAD_WIDTH},
    "hunyuan_v1_moe": {"head_dim": _HEAD_WIDTH},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "layoutlmv3": {"coordinate_size": 5, "shape_size": 6, "input_size": 32},
    "lilt": {"hidden_size": 48},
    "luke": {"entity_vocab_size": 8},
    "markuplm": {"max_depth": 4},
    "ministral": {"head_dim": _HEAD_WIDTH},
    "mistral4": {"head_dim": 16},
    "modernbert-decoder": dict.fromkeys(("pad_token_id", "cls_token_id", "sep_token_id", "bos_token_id"), 0),
    "nemotron": {"num_key_value_heads": _HEADS},
    "perceiver": {"num_latents": 16},
    "reformer": {
        "attn_layers": ["local", "lsh"], "axial_pos_embds_dim": [16, 16], "axial_pos_shape": [16, 16],
        "lsh_attn_chunk_length": 16, "local_attn_chunk_length": 16, "max_position_embeddings": 256,
    },
    "roc_bert": {"pronunciation_vocab_size": 400, "shape_vocab_size": 400},
    "qwen3_5": {"text_config": _LINEAR_THEN_FULL},
    "qwen3_5_text": _LINEAR_THEN_FULL,
    "qwen3_next": _LINEAR_THEN_FULL,
    "mt5": _STARTS_WITH_PAD,
    "t5": _STARTS_WITH_PAD,
    "umt5": _STARTS_WITH_PAD,
    "zamba": {"layers_block_type": ["linear_attention", "hybrid", "hybrid"], "num_hidden_layers": 3,
              "attention_hidden_size": 64, "attention_head_dim": 16},
    "zamba2": {"layers_block_type": ["linear_attention", "hybrid"], "n_mamba_heads": 8, "hybrid_layer_ids": [1]},
}  # fmt: skip

# How the tokenizers of these architectures frame a text; those of all others add nothing and know no padding token.
_FRAMES = {
    "bert": ("albert bert big_bird canine convbert deberta deberta-v2 distilbert electra ernie esm esmc fnet ibert "
             "layoutlm layoutlmv2 layoutlmv3 luke markuplm megatron-bert mobilebert modernbert mpnet mra nomic_bert "
             "nystromformer rembert roc_bert roformer squeezebert tapas ultrabert yoso funnel"),
    "roberta": ("bart bigbird_pegasus biogpt camembert cohere_compass_text data2vec-text eurobert flaubert gte "
                "jina_embeddings_v3 lilt longformer mbart modernvbert mvp plbart roberta roberta-prelayernorm "
                "ultravbert xlm xlm-roberta xlm-roberta-xl xmod"),
    "t5": "mt5 t5 umt5",
    "gemma": "gemma gemma2 gemma3 gemma3_text t5gemma t5gemma2",
    "xlnet": "xlnet",
    "padded": ("axk1 axk2 bloom deepseek_v2 deepseek_v3 doge exaone4 glm glm4 gpt_oss helium hunyuan_v1_dense "
               "hunyuan_v1_moe jamba jetmoe minicpm3 minimax nemotron olmo olmo2 olmo3 opt phi3 phimoe qwen2 qwen2_moe "
               "qwen3 qwen3_5 qwen3_5_text qwen3_moe qwen3_next reformer seed_oss smollm3 stablelm zamba zamba2"),
}  # fmt: skip
_FRAME_OF = {name: frame for frame, names in _FRAMES.items() for name in names.split()}
_SPECIAL = {
    "bert": {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"},
    "roberta": {"bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>", "mask": "<mask>"},
    "t5": {"pad": "<pad>", "eos": "</s>", "unk": "<unk>"},
    "gemma": {"pad": "<pad>", "eos": "<eos>", "bos": "<bos>", "unk": "<unk>"},
    "xlnet": {"unk": "<unk>", "bos": "<s>", "eos": "</s>", "cls": "<cls>", "sep": "<sep>", "pad": "<pad>"},
    "gpt": {"eos": "<|endoftext|>"},
    "padded": {"eos": "<|endoftext|>", "pad": "<|pad|>"},
}
_TEMPLATES = {
    "bert": "{cls} $A {sep}", "roberta": "{bos} $A {eos}", "t5": "$A {eos}", "gemma": "{bos} $A",
    "xlnet": "$A {sep} {cls}", "gpt": "$A", "padded": "$A",
}  # fmt: skip


def make_base(architecture: str, folder: Path, texts: Iterable[str], seed: int = 0) -> Path:
    """Write a model of 2 layers and width 32 with a tokenizer of the kind that this architecture comes with.

    Weights are random and large enough for texts to be told apart by them.

    Args:
        architecture: one of ``ARCHITECTURES``.
        folder: made if missing.
        texts: what the tokenizer's vocabulary is learned from.
        seed: of the weights.
    """
    tokenizer = _tokenizer(architecture, texts)
    torch.manual_seed(seed)
    config = tiny_config(architecture, **_tokens_of(architecture, tokenizer))
    model = AutoModel.from_config(config)
    spread(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def spread(model: nn.Module) -> None:
    """Draw larger weights than a fresh model's, in place, with which attention is uneven and texts differ."""
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear | Conv1D):
                module.weight.normal_(std=_WIDTH**-0.5)
            elif isinstance(module, nn.Embedding):
                module.weight.normal_(std=0.5)
            elif "experts" in name:
                for weight in module.parameters(recurse=False):
                    weight.normal_(std=_WIDTH**-0.5)


def tiny_config(architecture: str, **settings: Any) -> PreTrainedConfig:
    """Return the settings of a model of 2 layers and width 32; ``settings`` are those that it shall have besides."""
    kind = CONFIG_MAPPING[architecture]
    tiny = _tiny(kind(), settings)
    for name, own in _OWN.get(architecture, {}).items():
        tiny[name] = tiny[name] | own if isinstance(tiny.get(name), dict) else own
    return kind(**tiny)


def _tiny(default: PreTrainedConfig, tokens: dict[str, Any]) -> dict[str, Any]:
    """Return settings with which a configuration of the kind of ``default`` is tiny, and those within it, too."""
    sizes = {name: size for name, size in _SIZES.items() if type(vars(default).get(name)) is int}
    inner = {name: _tiny(value, tokens) for name, value in vars(default).items() if isinstance(value, PreTrainedConfig)}
    known = {name: token for name, token in tokens.items() if name in vars(default)}
    return sizes | known | inner


def _tokens_of(architecture: str, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    names = ("pad", "bos", "eos", "cls", "sep", "mask")
    tokens = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in names}
    if architecture in ("canine", "perceiver"):
        return tokens
    return tokens | {"vocab_size": len(tokenizer)}


def _tokenizer(architecture: str, texts: Iterable[str]) -> PreTrainedTokenizerBase:
    if architecture == "canine":
        from transformers import CanineTokenizer

        return CanineTokenizer()
    if architecture == "perceiver":
        from transformers import PerceiverTokenizer

        return PerceiverTokenizer()
    frame = _FRAME_OF.get(architecture, "gpt")
    special = _SPECIAL[frame]
    backend = _wordpiece(texts) if frame == "bert" else _byte_pairs(texts, list(special.values()))
    template = _TEMPLATES[frame].format(**special)
    backend.post_processor = processors.TemplateProcessing(
        single=template, pair=None, special_tokens=[(token, backend.token_to_id(token)) for token in special.values()]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, **{f"{name}_token": token for name, token in special.items()},
        model_max_length=_POSITIONS - 2, padding_side="left" if frame == "xlnet" else "right",
    )  # fmt: skip


def _wordpiece(texts: Iterable[str]) -> Tokenizer:
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer, backend.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    special = list(_SPECIAL["bert"].values())
    backend.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special))
    return backend


def _byte_pairs(texts: Iterable[str], special: list[str]) -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    return backend
