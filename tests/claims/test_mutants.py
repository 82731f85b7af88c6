"""The checks of claims bite: a claim mutated in its check makes the check fail.

Each mutant is a check of which one thing is changed, in the manner of the usual slips: an index, a sign, an exponent, a factor,
a word such as *always*, or the printed form in place of the corrected one. Derivations have mutants of their own, in
`tests/derivations`.
"""

import re
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings

from lecture_optim import claims

ROOT = Path(__file__).parents[2]
ADAM_NOTES, NOTES9 = "tests/claims/test_adam_notes.py", "tests/claims/test_cutkosky_notes9.py"
SPARSE, COSCAS = "tests/claims/test_sparse_note.py", "tests/claims/test_coscas2022.py"
OWN = "tests/claims/test_own_statements.py"
SPEAKER, MOMENTUM = "tests/book/test_claims.py", "tests/book/test_02_momentum.py"
ALGORITHM, BIAS = "tests/book/test_03_the_algorithm.py", "tests/book/test_04_bias_correction.py"
RELATIVES, SIGNS = "tests/book/test_06_relatives.py", "tests/book/test_01_when_signs_mislead.py"

MUTANTS = [  # the file, the test, what is mutated, what stands in its place
    # the reading notes
    (ADAM_NOTES, "test_a_moving_minimum_is_followed_only_below_a_speed", "behind(ALPHA / 2, 4000)", "behind(3 * ALPHA, 4000)"),
    (ADAM_NOTES, "test_a_moving_minimum_is_followed_only_below_a_speed", "behind(8 * ALPHA", "behind(ALPHA / 2"),
    (ADAM_NOTES, "test_falling_rates_lose_every_steadily_moving_minimum", "ALPHA / math.sqrt(t)", "ALPHA"),
    (ADAM_NOTES, "test_the_first_order_is_the_only_one", "steep(0.0), o.init", "steep(0.5), o.init"),
    (ADAM_NOTES, "test_the_printed_effective_step_is_not_that_of_the_algorithm",
     "/ (math.sqrt(v_hat) + eps)", "/ math.sqrt(v_hat) + eps"),
    (ADAM_NOTES, "test_the_printed_effective_step_is_not_that_of_the_algorithm", "m / (1 - BETA1**t)", "m"),
    (ADAM_NOTES, "test_a_subspace_gives_no_rate_and_a_bounded_region_a_smallest_one", "lr=radius /", "lr=0.9 * radius /"),
    (ADAM_NOTES, "test_a_subspace_gives_no_rate_and_a_bounded_region_a_smallest_one", "lr=0.99 * radius", "lr=1.01 * radius"),
    (ADAM_NOTES, "test_a_reachable_minimum_need_not_be_reached", "math.pi / 2 - 0.1", "math.pi / 2 + 0.1"),
    (ADAM_NOTES, "test_the_step_grows_with_the_signal_and_not_beyond_alpha", "signal / math.hypot(signal, noise)\n", "signal\n"),
    (ADAM_NOTES, "test_the_ratio_is_no_signal_to_noise_ratio", "limit < 1 <", "1 < limit <="),
    (ADAM_NOTES, "test_the_second_moment_is_zero_only_without_gradients", "p * 2**2", "(1 - p) * 2**2"),
    (ADAM_NOTES, "test_a_start_at_zero_weighs_what_the_steps_leave", "beta**t == 1", "beta ** (t + 1) == 1"),
    (ADAM_NOTES, "test_the_divisor_goes_to_one", "1 - BETA2**t for", "1 - BETA2 for"),
    (ADAM_NOTES, "test_the_divisor_goes_to_one", "BETA1 * m + (1 - BETA1) * x", "BETA1 * m + x"),
    # lecture notes 9, section 1
    (NOTES9, "test_the_sign_is_right_exactly_where_the_loss_is_below_ln_2", "math.log(2)", "1"),
    (NOTES9, "test_the_loss_is_minus_the_log_of_a_probability", "one + other", "one * other"),
    (NOTES9, "test_the_loss_is_minus_the_log_of_a_probability", "float(np.dot(w, x)), rel", "2 * float(np.dot(w, x)) + 1, rel"),
    (NOTES9, "test_the_gradients_of_the_examples_average_to_that_of_the_loss", "single.mean(0)", "single.sum(0)"),
    (NOTES9, "test_a_rate_in_proportion_to_r_has_the_wrong_unit", "0.1 / k**2", "0.1 / k"),
    (NOTES9, "test_a_rate_in_proportion_to_r_has_the_wrong_unit", "0.1 * k)", "0.1 / k**2)"),
    (NOTES9, "test_one_rate_for_all_coordinates_or_one_for_each", "(rules.adagrad, False)", "(rules.adagrad_norm, False)"),
    (NOTES9, "test_the_mean_of_squares_is_the_second_moment", "(1 + 4)", "4"),
    (NOTES9, "test_the_index_under_the_sum_has_to_run", "squares.sum()", "squares.max()"),
    (NOTES9, "test_the_colon_adds_squares", "(g**2).sum(0).tolist()", "(g.sum(0) ** 2).tolist()"),
    (NOTES9, "test_the_rate_in_the_short_notation", "eps**2 + (", "eps + ("),
    (NOTES9, "test_the_projection_takes_the_whole_step", "project(w - step)", "project(w) - step"),
    (NOTES9, "test_both_theorems_need_a_start_in_the_set_and_fair_draws", "(3.0, np.ones(1), False)", "(1.0, np.ones(1), False)"),
    (NOTES9, "test_both_theorems_need_a_start_in_the_set_and_fair_draws", "np.zeros(5), False", "np.ones(5), False"),
    (NOTES9, "test_the_largest_squared_distance_in_the_box", "4 * D**2 > D**2", "D**2"),
    (NOTES9, "test_the_integral_is_twice_the_root", "2 * sp.sqrt(S)", "sp.sqrt(2 * S)"),
    (NOTES9, "test_the_constant_is_lost_before_the_sum", "approx(c * printed", "approx(printed"),
    (NOTES9, "test_the_constant_is_lost_before_the_sum", "c * 2 * math.sqrt", "c * math.sqrt"),
    (NOTES9, "test_the_infinity_norm_is_never_larger", "largest == euclidean", "largest < euclidean"),
    (NOTES9, "test_one_coordinate_is_a_run_of_its_own", "(rules.adagrad_norm, False)", "(rules.adagrad_norm, True)"),
    (NOTES9, "test_the_guarantee_is_improved_sometimes", "0.0]), False)", "0.0]), True)"),
    (NOTES9, "test_the_guarantee_is_improved_sometimes", "np.abs(w).max()", "np.linalg.norm(w)"),
    # section 2: the algorithm and its corrections
    (NOTES9, "test_the_lines_of_algorithm_1_are_the_rule", "0.001 * g[i] ** 2", "0.001 * abs(g[i])"),
    (NOTES9, "test_the_lines_of_algorithm_1_are_the_rule", "x / (1 - 0.999**t)", "x / (1 - 0.999)"),
    (NOTES9, "test_one_sign_has_to_change", "sign=1,", "sign=-1,"),
    (NOTES9, "test_the_average_of_squares_needs_the_coordinate_of_its_own", "v[i] if own else sum(v)", "sum(v)"),
    (NOTES9, "test_a_coordinate_without_gradients_needs_the_epsilon", "eps=1e-8", "eps=0.0"),
    (NOTES9, "test_adam_holds_its_parts", "0.1 * math.sqrt(1 - 0.999**t)", "0.1"),
    (NOTES9, "test_adam_holds_its_parts", "0.1 * m / (1 - 0.9**t)", "0.1 * m"),
    (NOTES9, "test_the_second_form_of_momentum_is_not_in_adam", "rules.nadam)", "rules.adam)"),
    (NOTES9, "test_the_recursion_put_into_itself", "beta**2 * v[t - 2]", "beta * v[t - 2]"),
    (NOTES9, "test_the_recursion_put_into_itself", "beta * (1 - beta) * g", "(1 - beta) * g"),
    (NOTES9, "test_only_this_divisor_removes_the_bias", "v / (1 - BETA**t)", "v / (1 - BETA ** (t - 1) / 2)"),
    # section 2.1: momentum as averaging
    (NOTES9, "test_the_noise_has_mean_zero_where_the_gradient_is_unbiased", "(Fraction(3, 8), 5, 4)", "(Fraction(3, 8), 5, 5)"),
    (NOTES9, "test_the_noise_is_at_most_the_variance", "(g - place) ** 2", "(g - mean) ** 2"),
    (NOTES9, "test_the_average_is_the_gradient_plus_the_averaged_noise", "beta ** (t - 1 - s)", "beta ** (t - s) + 1"),
    (NOTES9, "test_the_average_is_the_gradient_plus_the_averaged_noise", "return m / (1 - beta**t)", "return m"),
    (NOTES9, "test_how_far_the_variance_falls", "share(BETA, 60)", "share(BETA, 6)"),
    (NOTES9, "test_the_batch_is_nearly_twice_n", "1 / (2 * N - 1)", "1 / N"),
    (MOMENTUM, "test_epsilon_belongs_to_the_other_average", "0.1 * 2.0)", "0.1 * 2.0 + 0.9 * 0.01)"),
    (MOMENTUM, "test_the_geometric_sum_needs_one_base",
     "for k in range(t))\n    assert (1", "for k in range(t + 1))\n    assert (1"),
    (MOMENTUM, "test_the_raw_weights_do_not_add_up_to_one", "== 1 - beta**t < 1", "== 1"),
    (MOMENTUM, "test_equal_losses_say_nothing_of_gradients", "np.sign(-1.0) != ", "np.sign(-1.0) == "),
    (MOMENTUM, "test_correlated_errors_do_not_average_out", "sum(w * sign for w in weights) ** 2", "sum(w * w for w in weights)"),
    (MOMENTUM, "test_the_printed_variance_is_wrong_at_the_first_step", "(2 * t)) / (", "(2 * t - 1)) / ("),
    (MOMENTUM, "test_the_printed_variance_is_wrong_at_the_first_step", "right = (1 - beta) ** 2", "right = (1 - beta)"),
    (MOMENTUM, "test_the_printed_taylor_guess_is_twice_too_large", "(alpha / 2)", "alpha"),
    (MOMENTUM, "test_a_step_of_the_running_mean",
     "x[9] / N\n    assert m == mean(x[:10])", "x[9] / N\n    assert m == mean(x[:11])"),
    (MOMENTUM, "test_the_printed_bound_holds", "<= 3 * (1 - beta)", "<= (1 - beta)"),
    (MOMENTUM, "test_the_effective_batch", "Fraction(1, 2 * N - 1)", "Fraction(1, N)"),
    (MOMENTUM, "test_the_lag", "- t * beta**t / (1 - beta**t))", ")"),
    (BIAS, "test_expansions_of_the_sources", "BETA**t * eps2", "eps2"),
    (BIAS, "test_the_printed_sum_is_not_the_average", "values[t - 1] for i", "([0] + values)[i] for i"),
    (BIAS, "test_the_printed_weights_do_not_add_up_to_one", "right = [(1 - BETA) * BETA", "right = [BETA"),
    (BIAS, "test_the_corrected_average_estimates_the_square", "== 4\n", "== 2\n"),
    (BIAS, "test_a_start_is_blown_up", "beta**t / (1 - beta**t) / 10", "beta**t / 10"),
    (ALGORITHM, "test_the_sign_of_the_lecture_notes_climbs", "0.9 * m - 0.1 * g", "0.9 * m + 0.1 * g"),
    (ALGORITHM, "test_the_second_average_is_no_variance", "approx(100.0)", "approx(0.0)"),
    (ALGORITHM, "test_the_step_is_within_alpha_only_for_equal_rates", "1.11], 0.9, 0.999)", "1.11], 0.9, 0.9)"),
    (ALGORITHM, "test_the_ratio_goes_to_zero_without_noise", "(0.0, w)", "(0.0, w + np.sin(40.0 * t))"),
    # section 2.2: failure to converge, and what section 1 rests on
    (NOTES9, "test_it_is_squares_that_are_averaged", "abs(plain)", "abs(v)"),
    (NOTES9, "test_the_rate_of_adagrad_falls_by_itself_and_that_of_adam_does_not", "0.3 / np.sqrt(np.arange(1, 401))", "0.3"),
    (NOTES9, "test_a_constant_rate_does_not_settle_and_a_falling_one_does", "0.3 / math.sqrt(t)", "0.3"),
    (SIGNS, "test_the_notes_on_gradients_of_size_one", "0.001 * g**2", "0.001 * g"),
    (SIGNS, "test_adam_without_memory_is_sign_descent", "beta2=0.0", "beta2=0.5"),
    (RELATIVES, "test_the_limit_needs_correction_and_no_epsilon", "eps=0.0, **rate", "eps=1.0, **rate"),
    (RELATIVES, "test_adam_is_not_rmsprop_with_momentum", "[1.0, 10.0]", "[1.0, 0.0]"),
    (SPEAKER, "test_a_weight_alone_says_nothing_of_its_word", "[-2.0, 3.0, -1.0]", "[-2.0, 3.5, -1.0]"),
    (SPEAKER, "test_the_variance_of_the_gradient_is_at_most_r_squared", "< r**2", "< r**2 / 16"),
    (SPEAKER, "test_the_denominator_needs_the_label_of_its_own_step", "printed(y_t) ==", "printed(y) =="),
    (SPEAKER, "test_a_sighting_adds_a_quarter_at_zero_and_never_more_than_one", "== 0.25", "== 1.0"),
    (SPEAKER, "test_the_mean_of_squares_exceeds_the_variance_by_the_squared_mean",
     "((g**2).mean(), g.var()", "(g.var(), g.var()"),
    (SPEAKER, "test_a_steady_coordinate_gets_a_smaller_rate_than_a_noisy_one", "rates[1] / 10", "rates[1] * 10"),
    (SPEAKER, "test_the_iterate_must_not_know_its_gradient", "(-g - 0)", "(1 - 0)"),
    (SPEAKER, "test_a_projection_may_lead_away_from_a_point_outside", "outside = 1.0, -1.0, 3.0", "outside = 1.0, -1.0, 0.5"),
    (SPEAKER, "test_two_points_of_the_box_are_a_diameter_apart", "4 * D**2", "D**2"),
    (SPEAKER, "test_a_rate_that_grows_breaks_the_bound_of_the_distances", "(1.0, 0.5), (1.0, 0.0)", "(0.5, 1.0), (1.0, 0.0)"),
    (SPEAKER, "test_the_sum_of_ratios_passes_the_printed_value_from_four_terms_on",
     "math.sqrt(2) < largest[3] < 2", "largest[3] < math.sqrt(2)"),
    (SPEAKER, "test_the_printed_steps_would_prove_too_much", "D**2 / (2 * c) + c / 2 * math.sqrt(2)", "4 * D**2 / (2 * c) + c"),
    (SPEAKER, "test_the_last_line_needs_its_expectation", "min(right) < left", "left <= min(right)"),
    (SPEAKER, "test_both_norms_agree_on_a_single_entry", "np.linalg.norm(w)) == equal", "np.linalg.norm(w)) == False"),
    (SPEAKER, "test_vectors_of_equal_sizes", "size * math.sqrt(d) ==", "size * d =="),
    (SPEAKER, "test_the_advantage_needs_more_than_a_smaller_norm", "assert 3 <", "assert 3.8 <"),
    # the note on sparse gradients
    (SPARSE, "test_sparse_steps_and_a_dense_window_and_the_reverse",
     "window[0] == pytest.approx(d)", "window[0] == pytest.approx(1)"),
    (SPARSE, "test_the_weakest_entry_can_carry_all_the_signal", "rng.choice([-1.0, 1.0], 4000)", "rng.choice([-0.5, 1.0], 4000)"),
    (SPARSE, "test_a_rectifier_passes_exactly_one_of_two_opposite_scores", "np.maximum(-x @ W, 0)", "np.maximum(-x @ W, -0.1)"),
    (SPARSE, "test_unseen_features_stand_still_under_plain_descent_and_not_under_averages",
     '"momentum": False', '"momentum": True'),
    (SPARSE, "test_plain_descent_multiplies_all_coordinates_by_one_number", '-moves("sgd"', '-moves("sign_sgd"'),
    (SPARSE, "test_rarity_does_not_make_gradients_small", "sizes[-1] == sizes[0]", "sizes[-1] < sizes[0]"),
    (SPARSE, "test_the_second_penalty_is_the_shared_falling_rate",
     "falling[1] / falling[0] == pytest.approx(1 / rarity", "falling[1] / falling[0] == pytest.approx(1 / rarity**2"),
    (SPARSE, "test_the_second_penalty_is_the_shared_falling_rate",
     "own[1] / own[0] == pytest.approx(1 / np.sqrt(rarity)", "own[1] / own[0] == pytest.approx(1 / rarity"),
    (SPARSE, "test_what_is_learned_is_no_longer_travelled", "t % 10 == 0", "t % 1000 == 0"),
    (SPARSE, "test_what_is_learned_is_no_longer_travelled", "0.5 * g, way", "0.001 * g, way"),
    (SPARSE, "test_equal_scaling_factors_and_different_steps",
     "(rules.rmsprop, rules.rmsprop_momentum)", "(rules.rmsprop, rules.rmsprop)"),
    (SPARSE, "test_who_has_a_hundred_times_the_way_to_go_gets_the_same_step", "np.sign(w - target)", "w - target"),
    (SPARSE, "test_a_rare_coordinate_with_large_gradients_has_the_smaller_rate", "== 9, 10.0, 0.0", "== 9, 1.0, 0.0"),
    (SPARSE, "test_the_decay_of_adamw_is_beside_the_step_of_adam", "adam - decay * w", "adam - 0.1 * decay * w"),
    # the note on the ADAM optimizer
    (COSCAS, "test_the_squared_error_is_the_objective_of_the_page", "2 * PROBLEM.loss(W)", "PROBLEM.loss(W)"),
    (COSCAS, "test_a_learning_rate_is_not_the_length_of_a_step", "approx(100 * first", "approx(first"),
    (COSCAS, "test_a_sum_over_all_examples_does_not_look_at_the_batch", "for i in range(4)) / 4", "for i in range(2)) / 2"),
    (COSCAS, "test_a_batch_is_a_part_of_the_data_and_no_element", "batch not in data", "batch in data"),
    (COSCAS, "test_targets_are_values_at_inputs", "theta[0] + x @ theta[1:]", "x @ theta[1:]"),
    (COSCAS, "test_targets_are_values_at_inputs", "f(theta)", "f(theta[1:])"),
    (COSCAS, "test_a_step_of_adam_can_go_up_the_present_gradient", "[1.0] * 10", "[-1.0] * 10"),
    (COSCAS, "test_a_step_of_adam_is_against_its_average", 'step * run["m"]', 'step * np.array(g)'),
    (COSCAS, "test_one_exact_gradient_costs_all_examples", "len(counted) == len(rows)", "len(counted) == 4"),
    (COSCAS, "test_a_penalty_is_no_average_of_losses_of_predictions", "l2=0.1", "l2=0.0"),
    (COSCAS, "test_a_penalty_is_no_average_of_losses_of_predictions", "0.05 * (w @ w)", "0.1 * (w @ w)"),
    (COSCAS, "test_a_network_has_a_kink_and_a_gradient_elsewhere", "w = np.array([1.0, 0.0,", "w = np.array([1.0, 0.5,"),
    (COSCAS, "test_the_gradient_is_that_of_the_loss_of_the_step",
     "least_squares(X[[(t + 1) % 4]], TARGETS[[(t + 1) % 4]])", "one"),
    (COSCAS, "test_the_box_is_the_rule", "b2 * v + (1 - b2) * g**2", "b2 * v + (1 - b2) * g"),
    (COSCAS, "test_the_box_is_the_rule", "m / (1 - b1**t)", "m"),
    (COSCAS, "test_the_counter_is_raised_before_it_is_used", "first=0", "first=1"),
    (COSCAS, "test_averages_that_do_not_start_at_zero_need_another_correction", "(1 - 0.9**5)", "(1 - 0.9**4)"),
    (COSCAS, "test_the_last_iterate_is_not_what_theorems_bound", 'run["w"].mean(axis=0)', 'run["w"][-1]'),
    (COSCAS, "test_with_noise_and_a_constant_rate_no_iterate_converges",
     "late_moves(1.0, 0.01)", "late_moves(1.0, inverse_sqrt(0.1))"),
    (COSCAS, "test_a_running_sum_is_enough", "running += X[i]", "running = X[i]"),
    (COSCAS, "test_the_error_of_a_constant_rate_is_of_its_order_with_noise_and_none_without",
     "Fraction(1, 10), 0) <", "Fraction(1, 10), 1) <"),
    (COSCAS, "test_a_falling_rate_reaches_the_minimizer_of_batch_descent_and_a_rate_of_finite_sum_does_not",
     "0.5 / t**2) > 0.1", "0.5 / t) > 0.1"),
    (COSCAS, "test_an_epoch_of_batches_shows_every_example_once", "rng.permutation(12)", "rng.integers(12, size=12)"),
    (COSCAS, "test_the_partial_derivative_is_taken_at_all_parameters",
     "J([2.0 + h, 1.0]) - J([2.0 - h, 1.0])", "J([2.0 + h, 3.0]) - J([2.0 - h, 3.0])"),
    (COSCAS, "test_the_rate_of_adam_has_to_be_chosen_as_well", "optimizer(rules.adam, lr=lr)", "optimizer(rules.adam, lr=0.1)"),
    (COSCAS, "test_noise_free_steps_differ_from_noisy_ones_by_the_noise", "approx(V / 2)", "approx(V / 4)"),
    (COSCAS, "test_the_second_average_of_amsgrad_is_no_variance", "== pytest.approx(100) ==", "== pytest.approx(0) =="),
    (COSCAS, "test_what_adam_mends_of_sgd_is_scale", "rules.adam, falling, 1e4", "rules.sgd, 2 / 10_001, 1e4"),
    (COSCAS, "test_labels_need_not_be_a_function_of_the_features", "np.array([1.0, -1.0])", "np.array([1.0, 1.0])"),
    # the book's own statements
    (OWN, "test_four_products_are_at_most_the_square_of_the_sum", "4 * x * y >= 0", "5 * x * y >= 0"),
    (OWN, "test_one_example_moves_the_features_by_one_number_each", "math.exp(y * (w @ x))", "math.exp(-y * (w @ x))"),
    (OWN, "test_spread_of_the_sizes", "Q - Fraction(A * A, k)", "Q - Fraction(A * A, k + 1)"),
    (OWN, "test_powers_are_factored_twice", "for k in range(B - 1))", "for k in range(B))"),
    (OWN, "test_powers_are_factored_twice", "(k + 1) * u", "k * u"),
    (OWN, "test_a_mean_of_losses_is_one_over_n_times_their_sum", "for f in ones) / 3, rel", "for f in ones), rel"),
    (OWN, "test_gradient_of_one_example_at_the_least_squares_fit", "- x * residual", "+ x * residual"),
    (OWN, "test_errors_of_batch_descent_shrink_by_one_factor_a_direction", "(1 - lr * value) ** t", "(1 - lr * value)"),
    (OWN, "test_noise_floor_is_the_fixed_point", "(2 * lam - eta * q)", "(2 * lam)"),
    (OWN, "test_falling_rates_with_an_endless_sum_reach_the_minimizer", "after(2.0, 10**5)", "after(1.0, 10**5)"),
    (OWN, "test_no_walk_is_longer_than_its_rates_allow", "eta for _, eta in steps)", "eta / 2 for _, eta in steps)"),
    (OWN, "test_rates_times_numerators_are_the_steps", "np.maximum.accumulate(v)", "v"),
    (OWN, "test_the_average_of_rmsprop_is_its_recursion", "Fraction(1, 4) * Fraction(x) ** 2", "Fraction(1, 4) * Fraction(x)"),
]  # fmt: skip
CHECKS = sorted({mutant[:2] for mutant in MUTANTS})


def parameters(test):
    """The keyword arguments of each run that the test's ``parametrize`` marks ask for."""
    rows = [{}]
    for mark in getattr(test, "pytestmark", []):
        names, values = mark.args
        names = [part.strip() for part in names.split(",")] if isinstance(names, str) else names
        rows = [row | dict(zip(names, v if len(names) > 1 else [v], strict=True)) for row, v in product(rows, values)]
    return rows


def run(path, name, change=lambda text: text):
    """Run one test of a file whose text is changed first; whatever the test raises is raised."""
    module = ModuleType(Path(path).stem)
    module.__file__ = str(ROOT / path)
    exec(compile(change((ROOT / path).read_text(encoding="utf-8")), path, "exec"), module.__dict__)
    test = getattr(module, name)
    if hasattr(test, "hypothesis"):
        phases = [Phase.explicit, Phase.generate]  # nothing is gained by a smaller counterexample
        test = settings(database=None, derandomize=True, phases=phases, suppress_health_check=list(HealthCheck))(test)
    for row in parameters(test):
        test(**row)


def mutate(text, name, old, new):
    """The text of a file in which ``old`` is ``new``, in the test or else before it; ValueError if in neither."""
    start = text.index(f"\ndef {name}(") + 1
    end = re.compile(r"^(?=\S)", re.MULTILINE).search(text, text.index("\n", start) + 1)
    test = text[start : end.start() if end else None]
    if old in test:
        return text[:start] + test.replace(old, new, 1) + text[start + len(test) :]
    if text[:start].count(old) != 1:
        raise ValueError(f"{old!r} stands neither in {name} nor once before it; mend the mutant")
    return text.replace(old, new, 1)


@pytest.mark.parametrize("path", sorted({path for path, _ in CHECKS}))
def test_a_check_passes_as_it_is(path):
    """Run in this way and unchanged; that each passes is seen where it stands."""
    run(path, next(name for where, name in CHECKS if where == path))


@pytest.mark.parametrize(("path", "name", "old", "new"), MUTANTS, ids=[f"{m[1]}-{i}" for i, m in enumerate(MUTANTS)])
def test_a_mutated_claim_is_refused(path, name, old, new):
    with pytest.raises((AssertionError, ZeroDivisionError, pytest.fail.Exception)):
        run(path, name, lambda text: mutate(text, name, old, new))


def test_every_check_of_the_documents_has_a_mutant_or_a_reason():
    """Checks in the files of claims: all have mutants. Elsewhere, those that need a chapter's run have none here."""
    register = claims.load(ROOT / "book/claims")
    named = {check for claim in register.claims for check in claim.checks if claim.source or "tests/claims/" in check}
    files = (ADAM_NOTES, NOTES9, SPARSE, COSCAS, OWN, SPEAKER)
    bare = {tuple(re.sub(r"\[.*", "", check).split("::")) for check in named if check.startswith(files)}
    with_data = {  # what they are compared with is counted in the corpus, or a figure of the book for each row
        (NOTES9, "test_most_words_are_rare_and_many_paragraphs_hold_one_that_does_not_return"),
        (NOTES9, "test_some_rare_words_tell_the_authors_apart"),
        (SPEAKER, "test_one_hot_stream_by_exact_means"),
    }
    assert bare - set(CHECKS) - with_data == set()
