// Block-sparse causal attention and page scoring for the CPU, behind a plain C interface (see native.py).
//
// One kernel serves prefill and decode, dense and sparse. For each query block and KV head it walks the listed key
// blocks in tiles of 128 keys: the tile is transposed once and used by all rows of the GQA group, softmax runs online.
// Storage is float32 or bfloat16, arithmetic float32. Must not be compiled with -ffast-math: it breaks exp2v.

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>
#ifdef __AVX512VNNI__
#include <immintrin.h>
#endif

namespace {

constexpr int W = 16;  // floats in a vector; the compiler splits it where registers are narrower
typedef float vf __attribute__((vector_size(W * 4)));
typedef float vf_unaligned __attribute__((vector_size(W * 4), aligned(4)));
typedef int32_t vi __attribute__((vector_size(W * 4)));

#if defined(__AVX512F__)
constexpr int ROWS = 6, COLUMNS = 4;  // 24 accumulators of 32 registers
#else
constexpr int ROWS = 3, COLUMNS = 2;  // 12 of 16 registers of half the width
#endif

constexpr int TILE = 128;           // keys at once
constexpr int PANEL_ROWS = 1024;    // rows that share a transposed tile
constexpr int MAX_DIM = 512;        // of heads whose keys are scored
constexpr float MASKED = -1e30f;    // finite, so that no difference is NaN
constexpr float LOG2_E = 1.4426950408889634f, LN_2 = 0.6931471805599453f;

inline vf load(const float* p) { return *reinterpret_cast<const vf_unaligned*>(p); }
inline void store(float* p, vf x) { *reinterpret_cast<vf_unaligned*>(p) = x; }
inline vf vmax(vf a, vf b) { return a > b ? a : b; }

inline vf exp2v(vf x) {  // for x <= 0; relative error 2e-7
    x = vmax(x, vf{} - 126.0f);
    const vi n = __builtin_convertvector(x - 0.5f, vi);  // truncates towards zero, so this rounds to the nearest
    const vf f = x - __builtin_convertvector(n, vf);
    vf p = f * 1.5403530e-4f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    return reinterpret_cast<vf>(reinterpret_cast<vi>(p) + (n << 23));
}

inline vf log2v(vf x) {  // for positive x; absolute error 2e-5
    const vi bits = reinterpret_cast<vi>(x);
    const vf exponent = __builtin_convertvector((bits >> 23) - 127, vf);
    const vf m = reinterpret_cast<vf>((bits & 0x7fffff) | 0x3f800000) - 1.0f;
    vf p = m * -0.0341732f + 0.1446757f;
    p = p * m - 0.3010391f;
    p = p * m + 0.4680242f;
    p = p * m - 0.7201753f;
    p = p * m + 1.4426689f;
    return exponent + p * m;
}

inline float reduce_max(vf x) {
    x = vmax(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    x = vmax(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    return std::max(std::max(x[0], x[1]), std::max(x[2], x[3]));
}

inline float reduce_sum(vf x) {
    x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    return (x[0] + x[1]) + (x[2] + x[3]);
}

template <typename T>
inline vf load_as_float(const T* p);
template <>
inline vf load_as_float<float>(const float* p) {
    return load(p);
}
template <>
inline vf load_as_float<uint16_t>(const uint16_t* p) {  // bfloat16 is the upper half of a float
    typedef uint16_t vh __attribute__((vector_size(W * 2), aligned(2)));
    const vi wide = __builtin_convertvector(*reinterpret_cast<const vh*>(p), vi);
    return reinterpret_cast<vf>(wide << 16);
}

inline void store_as(float* p, vf x) { store(p, x); }
inline void store_as(uint16_t* p, vf x) {  // rounds to the nearest, ties to even
    for (int i = 0; i < W; ++i) {
        uint32_t bits;
        const float value = x[i];
        std::memcpy(&bits, &value, 4);
        p[i] = uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
}

template <int STEP>
inline void interleave(vf& a, vf& b) {
    vf low, high;
    if (STEP == 1) {
        low = __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
        high = __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    } else if (STEP == 2) {
        low = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        high = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    } else if (STEP == 4) {
        low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        high = __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    } else {
        low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        high = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
    a = low;
    b = high;
}

template <int STEP>
inline void interleave_all(vf x[W]) {
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i)
        if (!(i & STEP)) interleave<STEP>(x[i], x[i + STEP]);
}

inline void transpose(vf x[W]) {
    interleave_all<1>(x);
    interleave_all<2>(x);
    interleave_all<4>(x);
    interleave_all<8>(x);
}

}  // namespace

extern "C" {

struct Attend {
    const void *q, *k, *v;      // last dimension contiguous; strides in elements
    const int32_t *indices;     // (kv_heads, n_query_blocks, width) or null for dense
    const int32_t *counts;      // (kv_heads, n_query_blocks)
    void* out;                  // (n_queries, heads, head_dim), contiguous, of the queries' type
    float* lse;                 // (heads, n_queries), natural logarithm
    int64_t q_head, q_row, k_head, k_row, v_head, v_row;
    int64_t n_queries, n_keys, heads, kv_heads, head_dim, start, query_block, key_block, width;
    float scale;
    int32_t bfloat16, n_threads;
};

struct Score {
    const float* q;             // (heads, head_dim), already times scale * log2(e)
    const uint8_t* codes;       // (kv_heads, capacity, head_dim / 4, 2, 16, 4): two tokens in a byte, see scoring.py
    const float *steps, *zeros; // (kv_heads, capacity, head_dim)
    float* out;                 // (heads, n_groups * 4), of each page of 16 tokens the natural logarithm
    int64_t capacity, n_groups, heads, kv_heads, head_dim;
    int32_t n_threads;
};

}  // extern "C"

namespace {

struct Item {  // one query block, one KV head, one part of its list
    int64_t block, kv_head, part;
};

template <int R, int C>
inline void scores(const float* q, const float* keys, float* s, int64_t dim) {
    for (int c = 0; c < TILE; c += C * W) {
        vf acc[R][C] = {};
        for (int64_t d = 0; d < dim; ++d) {
            vf b[C];
            for (int j = 0; j < C; ++j) b[j] = load(keys + d * TILE + c + j * W);
            for (int r = 0; r < R; ++r)
                for (int j = 0; j < C; ++j) acc[r][j] += b[j] * q[r * dim + d];
        }
        for (int r = 0; r < R; ++r)
            for (int j = 0; j < C; ++j) store(s + r * TILE + c + j * W, acc[r][j]);
    }
}

template <int R, int C>
inline void weigh_columns(const float* p, const float* v, int64_t v_row, float* o, int64_t dim, const float* keep) {
    vf acc[R][C];
    for (int r = 0; r < R; ++r)
        for (int j = 0; j < C; ++j) acc[r][j] = load(o + r * dim + j * W) * keep[r];
    for (int key = 0; key < TILE; ++key) {
        vf b[C];
        for (int j = 0; j < C; ++j) b[j] = load(v + key * v_row + j * W);
        for (int r = 0; r < R; ++r)
            for (int j = 0; j < C; ++j) acc[r][j] += b[j] * p[r * TILE + key];
    }
    for (int r = 0; r < R; ++r)
        for (int j = 0; j < C; ++j) store(o + r * dim + j * W, acc[r][j]);
}

template <int R>
inline void weigh(const float* p, const float* v, int64_t v_row, float* o, int64_t dim, const float* keep) {
    int64_t d = 0;
    for (; d + COLUMNS * W <= dim; d += COLUMNS * W) weigh_columns<R, COLUMNS>(p, v + d, v_row, o + d, dim, keep);
    for (; d < dim; d += W) weigh_columns<R, 1>(p, v + d, v_row, o + d, dim, keep);
}

struct Tile {
    std::vector<float> keys, values;  // transposed (head_dim, TILE); rows (TILE, head_dim)
    const float* v;                   // the values, here or where they lie
    int64_t v_row;
    int32_t position[TILE];           // INT_MAX where there is no key
    int32_t last;
};

struct Panel {  // rows of one query block that share tiles
    std::vector<float> q, out, top, sum;
    std::vector<int32_t> position;
    int64_t n_rows;
};

template <int R>
inline void strip(const Tile& tile, Panel& panel, int64_t row, int64_t dim, bool masked) {
    alignas(64) float s[R * TILE];
    float keep[R];
    scores<R, COLUMNS>(panel.q.data() + row * dim, tile.keys.data(), s, dim);
    for (int r = 0; r < R; ++r) {
        float* line = s + r * TILE;
        vi hidden[TILE / W];
        if (masked)
            for (int j = 0; j < TILE / W; ++j) {
                vi at;
                std::memcpy(&at, tile.position + j * W, sizeof at);
                hidden[j] = at > panel.position[row + r];
                store(line + j * W, hidden[j] ? vf{} + MASKED : load(line + j * W));
            }
        vf most = load(line);
        for (int j = 1; j < TILE / W; ++j) most = vmax(most, load(line + j * W));
        const float before = panel.top[row + r], now = std::max(before, reduce_max(most));
        vf total = {};
        for (int j = 0; j < TILE / W; ++j) {
            vf p = exp2v(load(line + j * W) - now);
            if (masked) p = hidden[j] ? vf{} : p;
            total += p;
            store(line + j * W, p);
        }
        keep[r] = before == now ? 1.0f : std::exp2(before - now);
        panel.sum[row + r] = panel.sum[row + r] * keep[r] + reduce_sum(total);
        panel.top[row + r] = now;
    }
    weigh<R>(s, tile.v, tile.v_row, panel.out.data() + row * dim, dim, keep);
}

void take_in(const Tile& tile, Panel& panel, int64_t dim) {
    const bool masked = tile.last > *std::min_element(panel.position.begin(), panel.position.begin() + panel.n_rows);
    int64_t row = 0;
    for (; row + ROWS <= panel.n_rows; row += ROWS) strip<ROWS>(tile, panel, row, dim, masked);
    for (; row + 2 <= panel.n_rows; row += 2) strip<2>(tile, panel, row, dim, masked);
    for (; row < panel.n_rows; ++row) strip<1>(tile, panel, row, dim, masked);
}

template <typename T>
class Kernel {
  public:
    explicit Kernel(const Attend& a) : a_(a) {
        first_ = a.start / a.query_block;
        n_blocks_ = (a.start + a.n_queries - 1) / a.query_block - first_ + 1;
        const int64_t n_items = n_blocks_ * a.kv_heads, wanted = 2 * a.n_threads;
        n_parts_ = n_items >= wanted ? 1 : (wanted + n_items - 1) / n_items;
        if (n_parts_ > 1) {
            part_out_.resize(n_parts_ * a.heads * a.n_queries * a.head_dim);
            part_lse_.resize(n_parts_ * a.heads * a.n_queries);
        }
    }

    void run() {
        const int64_t n_items = n_blocks_ * a_.kv_heads * n_parts_;
#pragma omp parallel num_threads(a_.n_threads)
        {
            Tile tile;
            tile.keys.resize(a_.head_dim * TILE);
            tile.values.resize(a_.head_dim * TILE);
            Panel panel;
#pragma omp for schedule(dynamic, 1)
            for (int64_t i = 0; i < n_items; ++i) {
                const int64_t j = n_items - 1 - i;  // late blocks see the most keys: first
                work({j / (a_.kv_heads * n_parts_), j / n_parts_ % a_.kv_heads, j % n_parts_}, tile, panel);
            }
            if (n_parts_ > 1) {
#pragma omp for
                for (int64_t i = 0; i < a_.heads * a_.n_queries; ++i) merge(i / a_.n_queries, i % a_.n_queries);
            }
        }
    }

  private:
    void work(const Item& item, Tile& tile, Panel& panel) {
        const int64_t from = std::max(a_.start, (first_ + item.block) * a_.query_block);
        const int64_t to = std::min(a_.start + a_.n_queries, (first_ + item.block + 1) * a_.query_block);
        const int64_t group = a_.heads / a_.kv_heads, at_once = std::max<int64_t>(1, PANEL_ROWS / (to - from));
        for (int64_t h = 0; h < group; h += at_once) {
            const int64_t head = item.kv_head * group + h, n_heads = std::min(at_once, group - h);
            begin(panel, head, n_heads, from, to);
            walk(item, to - 1, tile, panel);
            finish(item, panel, head, n_heads, from, to);
        }
    }

    void begin(Panel& panel, int64_t head, int64_t n_heads, int64_t from, int64_t to) const {
        const int64_t n = to - from, dim = a_.head_dim;
        panel.n_rows = n_heads * n;
        panel.q.resize(panel.n_rows * dim);
        panel.out.assign(panel.n_rows * dim, 0.0f);
        panel.top.assign(panel.n_rows, MASKED);
        panel.sum.assign(panel.n_rows, 0.0f);
        panel.position.resize(panel.n_rows);
        const float factor = a_.scale * LOG2_E;
        for (int64_t row = 0; row < panel.n_rows; ++row) {
            const int64_t query = from + row % n - a_.start;
            const T* source = static_cast<const T*>(a_.q) + (head + row / n) * a_.q_head + query * a_.q_row;
            for (int64_t d = 0; d < dim; d += W) store(&panel.q[row * dim + d], load_as_float(source + d) * factor);
            panel.position[row] = int32_t(from + row % n);
        }
    }

    void walk(const Item& item, int64_t last, Tile& tile, Panel& panel) const {
        const int64_t at = item.kv_head * n_blocks_ + item.block;
        const int64_t n_entries = a_.indices ? a_.counts[at] : last / a_.key_block + 1;
        const int64_t per_tile = TILE / a_.key_block, n_tiles = (n_entries + per_tile - 1) / per_tile;
        const int64_t begin = n_tiles * item.part / n_parts_, end = n_tiles * (item.part + 1) / n_parts_;
        for (int64_t t = begin; t < end; ++t) {
            gather(item.kv_head, at, t * per_tile, std::min(n_entries, (t + 1) * per_tile), tile);
            take_in(tile, panel, a_.head_dim);
        }
    }

    void gather(int64_t kv_head, int64_t at, int64_t from, int64_t to, Tile& tile) const {
        const T* keys = static_cast<const T*>(a_.k) + kv_head * a_.k_head;
        const T* values = static_cast<const T*>(a_.v) + kv_head * a_.v_head;
        const T* rows[TILE];
        const T* value_rows[TILE];
        tile.last = -1;
        for (int i = 0; i < TILE; ++i) {
            const int64_t entry = from + i / a_.key_block;
            int64_t key = a_.n_keys;
            if (entry < to)
                key = (a_.indices ? a_.indices[at * a_.width + entry] : entry) * a_.key_block + i % a_.key_block;
            const bool there = key < a_.n_keys;
            rows[i] = there ? keys + key * a_.k_row : nullptr;
            value_rows[i] = there ? values + key * a_.v_row : nullptr;
            tile.position[i] = there ? int32_t(key) : INT_MAX;
            tile.last = std::max(tile.last, tile.position[i]);
        }
        for (int i = 0; i < TILE; i += W)
            for (int64_t d = 0; d < a_.head_dim; d += W) {
                vf x[W];
                for (int j = 0; j < W; ++j) x[j] = rows[i + j] ? load_as_float(rows[i + j] + d) : vf{};
                transpose(x);
                for (int j = 0; j < W; ++j) store(&tile.keys[(d + j) * TILE + i], x[j]);
            }
        lay_out(value_rows, tile);
    }

    void lay_out(const T* const* rows, Tile& tile) const {
        if (sizeof(T) == sizeof(float) && a_.key_block == TILE && rows[TILE - 1]) {
            tile.v = reinterpret_cast<const float*>(rows[0]);
            tile.v_row = a_.v_row;
            return;
        }
        for (int i = 0; i < TILE; ++i)
            for (int64_t d = 0; d < a_.head_dim; d += W)
                store(&tile.values[i * a_.head_dim + d], rows[i] ? load_as_float(rows[i] + d) : vf{});
        tile.v = tile.values.data();
        tile.v_row = a_.head_dim;
    }

    void finish(const Item& item, const Panel& panel, int64_t head, int64_t n_heads, int64_t from, int64_t to) {
        const int64_t n = to - from, dim = a_.head_dim;
        for (int64_t row = 0; row < n_heads * n; ++row) {
            const int64_t h = head + row / n, query = from + row % n - a_.start;
            const float sum = panel.sum[row], factor = sum > 0 ? 1 / sum : 0.0f;
            const float lse = sum > 0 ? (panel.top[row] + std::log2(sum)) * LN_2 : -INFINITY;
            const float* source = &panel.out[row * dim];
            if (n_parts_ == 1) {
                T* target = static_cast<T*>(a_.out) + (query * a_.heads + h) * dim;
                for (int64_t d = 0; d < dim; d += W) store_as(target + d, load(source + d) * factor);
                a_.lse[h * a_.n_queries + query] = lse;
            } else {
                const int64_t at = (item.part * a_.heads + h) * a_.n_queries + query;
                for (int64_t d = 0; d < dim; d += W) store(&part_out_[at * dim + d], load(source + d) * factor);
                part_lse_[at] = lse;
            }
        }
    }

    void merge(int64_t h, int64_t query) {
        const int64_t dim = a_.head_dim, step = a_.heads * a_.n_queries, at = h * a_.n_queries + query;
        float top = -INFINITY, sum = 0;
        for (int64_t part = 0; part < n_parts_; ++part) top = std::max(top, part_lse_[part * step + at]);
        std::vector<float> weight(n_parts_, 0.0f);
        for (int64_t part = 0; part < n_parts_; ++part) {
            const float lse = part_lse_[part * step + at];
            if (lse > -INFINITY) sum += weight[part] = std::exp(lse - top);
        }
        T* target = static_cast<T*>(a_.out) + (query * a_.heads + h) * dim;
        for (int64_t d = 0; d < dim; d += W) {
            vf total = {};
            for (int64_t part = 0; part < n_parts_; ++part)
                if (weight[part] > 0) total += load(&part_out_[(part * step + at) * dim + d]) * (weight[part] / sum);
            store_as(target + d, total);
        }
        a_.lse[at] = sum > 0 ? top + std::log(sum) : -INFINITY;
    }

    const Attend& a_;
    int64_t first_, n_blocks_, n_parts_;
    std::vector<float> part_out_, part_lse_;
};

// The 64 tokens of a group lie in four vectors, a page in four neighbouring lanes of all of them, so that the four pages
// are reduced side by side.
inline vf largest_of_fours(vf x) {
    x = vmax(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    return vmax(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
}

inline vf sum_of_fours(vf x) {
    x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    return x + __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

// The sums of codes times factors over all channels: scores[h][a] holds the tokens 4 * lane + a of the group.
template <int H>
inline void sum_codes(const vi* codes, const float* factors, int64_t dim, vf scores[H][4]);

#ifdef __AVX512VNNI__
template <int H>
inline void sum_codes(const vi* codes, const float* factors, int64_t dim, vf scores[H][4]) {  // factors in eight bits
    alignas(64) int8_t rounded[H * MAX_DIM];
    float step[H];
    for (int h = 0; h < H; ++h) {
        vf most = {};
        for (int64_t d = 0; d < dim; d += W) {
            const vf x = load(factors + h * MAX_DIM + d);
            most = vmax(most, vmax(x, -x));
        }
        step[h] = std::max(reduce_max(most), 1e-30f) / 127;
        const float scale = 1 / step[h];
        for (int64_t d = 0; d < dim; d += W) {
            typedef int8_t vc __attribute__((vector_size(W), aligned(1)));
            const __m512 x = (__m512)(load(factors + h * MAX_DIM + d) * scale);
            *reinterpret_cast<vc*>(rounded + h * MAX_DIM + d) = (vc)_mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(x));
        }
    }
    const __m512i nibble = _mm512_set1_epi8(15);
    for (int pair = 0; pair < 2; ++pair) {
        __m512i low[H], high[H];
        for (int h = 0; h < H; ++h) low[h] = high[h] = _mm512_setzero_si512();
        for (int64_t quad = 0; quad < dim / 4; ++quad) {
            const __m512i packed = _mm512_loadu_si512(codes + quad * 2 + pair);
            const __m512i x = _mm512_and_si512(packed, nibble);
            const __m512i y = _mm512_and_si512(_mm512_srli_epi16(packed, 4), nibble);
            for (int h = 0; h < H; ++h) {
                int32_t four;
                std::memcpy(&four, rounded + h * MAX_DIM + quad * 4, 4);
                low[h] = _mm512_dpbusd_epi32(low[h], x, _mm512_set1_epi32(four));
                high[h] = _mm512_dpbusd_epi32(high[h], y, _mm512_set1_epi32(four));
            }
        }
        for (int h = 0; h < H; ++h) {
            scores[h][2 * pair] = (vf)_mm512_cvtepi32_ps(low[h]) * step[h];
            scores[h][2 * pair + 1] = (vf)_mm512_cvtepi32_ps(high[h]) * step[h];
        }
    }
}
#else
template <int H>
inline void sum_codes(const vi* codes, const float* factors, int64_t dim, vf scores[H][4]) {
    for (int pair = 0; pair < 2; ++pair) {
        vf low[H] = {}, high[H] = {};
        for (int64_t d = 0; d < dim; ++d) {
            typedef vi vi_unaligned __attribute__((aligned(4)));
            const vi packed = *reinterpret_cast<const vi_unaligned*>(codes + d / 4 * 2 + pair) >> int(d % 4 * 8);
            const vf x = __builtin_convertvector(packed & 15, vf);
            const vf y = __builtin_convertvector((packed >> 4) & 15, vf);
            for (int h = 0; h < H; ++h) {
                low[h] += x * factors[h * MAX_DIM + d];
                high[h] += y * factors[h * MAX_DIM + d];
            }
        }
        for (int h = 0; h < H; ++h) scores[h][2 * pair] = low[h], scores[h][2 * pair + 1] = high[h];
    }
}
#endif

template <int H>
void score_heads(const Score& a, int64_t kv_head, int64_t group, int64_t head) {
    const int64_t dim = a.head_dim, at = kv_head * a.capacity + group;
    const float *steps = a.steps + at * dim, *zeros = a.zeros + at * dim;
    alignas(64) float factors[H * MAX_DIM];
    float base[H];
    for (int h = 0; h < H; ++h) {
        const float* q = a.q + (head + h) * dim;
        vf total = {};
        for (int64_t d = 0; d < dim; d += W) {
            total += load(q + d) * load(zeros + d);
            store(factors + h * MAX_DIM + d, load(q + d) * load(steps + d));
        }
        base[h] = reduce_sum(total);
    }
    vf scores[H][4];
    sum_codes<H>(reinterpret_cast<const vi*>(a.codes + at * dim * 32), factors, dim, scores);
    for (int h = 0; h < H; ++h) {
        const vf* s = scores[h];
        const vf top = largest_of_fours(vmax(vmax(s[0], s[1]), vmax(s[2], s[3])));
        const vf sum = sum_of_fours((exp2v(s[0] - top) + exp2v(s[1] - top)) + (exp2v(s[2] - top) + exp2v(s[3] - top)));
        const vf lse = (top + base[h] + log2v(sum)) * LN_2;
        float* to = a.out + ((head + h) * a.n_groups + group) * 4;
        for (int page = 0; page < 4; ++page) to[page] = lse[page * 4];
    }
}

}  // namespace

extern "C" {

void docqa_attend(const Attend* a) {
    if (a->bfloat16)
        Kernel<uint16_t>(*a).run();
    else
        Kernel<float>(*a).run();
}

void docqa_score(const Score* a) {
    const int64_t group_size = a->heads / a->kv_heads;
#pragma omp parallel for num_threads(a->n_threads) schedule(static)
    for (int64_t i = 0; i < a->kv_heads * a->n_groups; ++i) {
        const int64_t kv_head = i / a->n_groups, group = i % a->n_groups, head = kv_head * group_size;
        int64_t h = 0;
        for (; h + 8 <= group_size; h += 8) score_heads<8>(*a, kv_head, group, head + h);
        switch (group_size - h) {
            case 7: score_heads<7>(*a, kv_head, group, head + h); break;
            case 6: score_heads<6>(*a, kv_head, group, head + h); break;
            case 5: score_heads<5>(*a, kv_head, group, head + h); break;
            case 4: score_heads<4>(*a, kv_head, group, head + h); break;
            case 3: score_heads<3>(*a, kv_head, group, head + h); break;
            case 2: score_heads<2>(*a, kv_head, group, head + h); break;
            case 1: score_heads<1>(*a, kv_head, group, head + h); break;
        }
    }
}

}  // extern "C"
